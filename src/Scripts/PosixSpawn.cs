using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SyncCluster.Scripts;

/// <summary>
/// Starts processes by <c>posix_spawn</c>, which offers two things that .NET's own start of a process does not: a session of its own without another
/// program in between, and one pipe for output and errors. As with .NET, handled signals have their default in the child, and the child has only its
/// three standard descriptors. It has the real group: an effective one, for files that scripts may not read, stays the server's.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class PosixSpawn
{
    private const int First = 1;
    private const int Interrupted = 4;

    /// <summary>More bytes than the C libraries' structures have: 336 and 80 in glibc, 336 and 80 in musl.</summary>
    private const int StructureSize = 1024;

    private const short ResetIds = 0x01;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;
    private const int PidfdOpen = 434;

    /// <summary>
    /// Whether the system has what is needed (Linux 5.3, glibc 2.29 or musl), and this process can reap its children: as the machine's first process,
    /// .NET reaps all children itself.
    /// </summary>
    public static bool IsPossible { get; } = Environment.ProcessId != First
        && NativeLibrary.TryLoad("libc", typeof(PosixSpawn).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, nameof(posix_spawn_file_actions_addchdir_np), out _)
        && HasProcessDescriptors();

    /// <summary>Starts a program without input. Returns its id, and the descriptor by which its end can be awaited.</summary>
    /// <exception cref="Win32Exception">It could not be started.</exception>
    /// <exception cref="UnsupervisedScriptException">It was started.</exception>
    public static (int Id, SafeFileHandle Process) Start(
        string program, IReadOnlyList<string> words, IReadOnlyDictionary<string, string> environment, string folder, SafeHandle output)
    {
        var actions = stackalloc byte[StructureSize];
        var attributes = stackalloc byte[StructureSize];
        var noSignals = stackalloc byte[128];
        new Span<byte>(noSignals, 128).Clear();
        var held = false;
        Check(posix_spawn_file_actions_init(actions));
        try
        {
            Check(posix_spawnattr_init(attributes));
            try
            {
                output.DangerousAddRef(ref held);
                var pipe = (int)output.DangerousGetHandle();
                Check(posix_spawnattr_setflags(attributes, ResetIds | SetSession | SetSignalMask));
                Check(posix_spawnattr_setsigmask(attributes, noSignals));
                Check(posix_spawn_file_actions_adddup2(actions, pipe, 1));
                Check(posix_spawn_file_actions_adddup2(actions, pipe, 2));
                Check(posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0));
                Check(posix_spawn_file_actions_addchdir_np(actions, folder));
                string?[] variables = [.. environment.Select(variable => $"{variable.Key}={variable.Value}"), null];
                int id;
                using (ForkLock.Start())
                {
                    Check(posix_spawn(out id, program, actions, attributes, [.. words, null], variables));
                }

                return (id, DescriptorOf(id));
            }
            finally
            {
                _ = posix_spawnattr_destroy(attributes);
            }
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            if (held)
            {
                output.DangerousRelease();
            }
        }
    }

    /// <summary>Reaps a child that has ended.</summary>
    public static ExitStatus Reap(int id)
    {
        int status;
        while (waitpid(id, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw new InvalidOperationException("The exit code of a script was reaped by other code of this process.");
            }
        }

        return ExitStatus.OfWait(status);
    }

    /// <summary>Kills a child that can't be supervised, with its whole group, and reaps it. False: this user may not kill it, and it goes on.</summary>
    public static bool TryKillAndReap(int id)
    {
        if (!NativeMethods.KillWithGroup(id))
        {
            return false;
        }

        Reap(id);
        return true;
    }

    private static SafeFileHandle DescriptorOf(int id)
    {
        var descriptor = syscall(PidfdOpen, id, 0);
        if (descriptor >= 0)
        {
            return new SafeFileHandle((nint)descriptor, ownsHandle: true);
        }

        var failure = new Win32Exception(Marshal.GetLastPInvokeError());
        throw new UnsupervisedScriptException(TryKillAndReap(id), failure);
    }

    private static bool HasProcessDescriptors()
    {
        using var descriptor = new SafeFileHandle((nint)syscall(PidfdOpen, Environment.ProcessId, 0), ownsHandle: true);
        return !descriptor.IsInvalid;
    }

    private static void Check(int failure)
    {
        if (failure != 0)
        {
            throw new Win32Exception(failure);
        }
    }

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(void* actions, int from, int to);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(void* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addchdir_np(void* actions, string path);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(out int id, string path, void* actions, void* attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int id, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, int id, uint flags);
}
