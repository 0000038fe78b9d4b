using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SyncCluster.Scripts;

/// <summary>
/// <c>posix_spawn</c>, which .NET's own start of a process has nothing of: a session of its own without a program in between, and one pipe for output
/// and errors. As there, what is handled here is at its default in the child, and it has no descriptors but those three.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class PosixSpawn
{
    private const int First = 1;
    private const int Interrupted = 4;

    /// <summary>More than the C libraries' structures take: 336 bytes and 80 of glibc, 336 and 80 of musl.</summary>
    private const int Opaque = 1024;

    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;
    private const int PidfdOpen = 434;

    /// <summary>
    /// Whether the system has all that it takes (Linux 5.3, glibc 2.29 or musl), and the exit codes are ours to take: as the first process, .NET takes
    /// those of all children.
    /// </summary>
    public static bool IsPossible { get; } = Environment.ProcessId != First
        && NativeLibrary.TryLoad("libc", typeof(PosixSpawn).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, nameof(posix_spawn_file_actions_addchdir_np), out _)
        && HasDescriptorsOfProcesses();

    /// <summary>Starts a program without input; says its id, and by which descriptor its end can be awaited.</summary>
    /// <exception cref="Win32Exception">It could not be started.</exception>
    /// <exception cref="UnwatchedScriptException">It was started, and killed.</exception>
    public static (int Id, SafeFileHandle Process) Start(
        string program, IReadOnlyList<string> words, IReadOnlyDictionary<string, string> environment, string folder, SafeHandle output)
    {
        var actions = stackalloc byte[Opaque];
        var attributes = stackalloc byte[Opaque];
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
                Check(posix_spawnattr_setflags(attributes, SetSession | SetSignalMask));
                Check(posix_spawnattr_setsigmask(attributes, noSignals));
                Check(posix_spawn_file_actions_adddup2(actions, pipe, 1));
                Check(posix_spawn_file_actions_adddup2(actions, pipe, 2));
                Check(posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0));
                Check(posix_spawn_file_actions_addchdir_np(actions, folder));
                Check(posix_spawn(
                    out var id, program, actions, attributes, [.. words, null], [.. environment.Select(variable => $"{variable.Key}={variable.Value}"), null]));
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

    /// <summary>Takes the exit code of a child that has ended: 128 and the signal's number where one has killed it.</summary>
    public static int ExitCode(int id)
    {
        int status;
        while (waitpid(id, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw new InvalidOperationException("Somebody else has taken the exit code of a script.");
            }
        }

        return (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
    }

    /// <summary>Kills a child that can't be watched, and all that it has started, and takes its exit code.</summary>
    public static void End(int id)
    {
        if (NativeMethods.Signal(-id, NativeMethods.Kill))
        {
            ExitCode(id);
        }
    }

    private static SafeFileHandle DescriptorOf(int id)
    {
        var descriptor = syscall(PidfdOpen, id, 0);
        if (descriptor >= 0)
        {
            return new SafeFileHandle((nint)descriptor, ownsHandle: true);
        }

        var failure = new Win32Exception(Marshal.GetLastPInvokeError());
        End(id);
        throw new UnwatchedScriptException(failure);
    }

    private static bool HasDescriptorsOfProcesses()
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
