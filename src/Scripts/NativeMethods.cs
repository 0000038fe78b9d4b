using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>The functions of the C library that .NET does not offer.</summary>
[SupportedOSPlatform("linux")]
internal static partial class NativeMethods
{
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int ArgumentsTooLong = 7;

    /// <summary>The number of a limit of the system.</summary>
    public const int CpuLimit = 0;

    /// <inheritdoc cref="CpuLimit"/>
    public const int FileSizeLimit = 1;

    /// <inheritdoc cref="CpuLimit"/>
    public const int DataLimit = 2;

    /// <inheritdoc cref="CpuLimit"/>
    public const int StackLimit = 3;

    /// <inheritdoc cref="CpuLimit"/>
    public const int ProcessLimit = 6;

    private const int CurrentFolder = -100;
    private const int AlreadyExists = 17;
    private const int NotLinkTarget = 0x100;
    private const uint TypeModeAndOwner = 0x1 | 0x2 | 0x8;
    private const int FolderType = 0x4000;
    private const int TypeBits = 0xF000;
    private const int ModeBits = 0xFFF;
    private const int EffectiveUser = 0x200;
    private const int NoSuchProcess = 3;
    private const int BrokenPipe = 13;
    private const int Child = 17;
    private const int ReadAccess = 4;
    private const int SetDumpable = 4;
    private const short PollIn = 1;
    private const int UsualPolicy = 0;
    private const int BatchPolicy = 3;

    private static readonly Lazy<nint> IgnoredBefore = new(() =>
        signal(BrokenPipe, NativeLibrary.GetExport(NativeLibrary.Load("libc", typeof(NativeMethods).Assembly, null), "getpid")));

    private static readonly Lazy<nint> KeptBefore = new(() => IsIgnored(Child) ? signal(Child, 0) : 0);

    /// <summary>
    /// Has SIGPIPE end the programs that are started from now on, as usual. .NET ignores SIGPIPE, and a child inherits an ignored signal, while a
    /// handled one has its default again in the child. The handler is a function that does nothing and may be called at any moment: <c>getpid</c>.
    /// </summary>
    public static void RestoreBrokenPipeInChildren() => _ = IgnoredBefore.Value;

    /// <summary>
    /// Has the system keep the exit codes of children where this process was started with SIGCHLD ignored. .NET does not change that, and would never
    /// learn that a child has ended.
    /// </summary>
    public static void KeepExitCodes() => _ = KeptBefore.Value;

    /// <summary>
    /// Has the system refuse processes of the same user what only root may do from now on: to read this process' environment and memory and to trace
    /// it. It writes no core dump either. The programs that this process starts are not affected.
    /// </summary>
    /// <exception cref="Win32Exception">The system does not do it.</exception>
    public static void DenyInspection()
    {
        if (prctl(SetDumpable, 0, 0, 0, 0) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Signals a process, or a whole group by its negative number. False: there is none, or none that this user may signal.</summary>
    public static bool Signal(int id, int signal) => kill(id, signal) == 0;

    /// <summary>Signals a group, or the process that will lead it where <c>setsid</c> has not run yet and there is no group.</summary>
    public static void SignalGroup(int group, int signal)
    {
        if (!Signal(-group, signal))
        {
            Signal(group, signal);
        }
    }

    /// <summary>Kills a process and the group that it may lead. False: the process does not exist, or this user may not kill it.</summary>
    public static bool KillWithGroup(int process)
    {
        Signal(-process, Kill);
        return Signal(process, Kill);
    }

    /// <summary>Whether a process exists, or a group by its negative number, of any user.</summary>
    public static bool Exists(int id) => kill(id, 0) == 0 || Marshal.GetLastPInvokeError() != NoSuchProcess;

    /// <summary>Whether this user may read a file. For loops in which an exception for each refusal would cost more than the work itself.</summary>
    public static bool MayRead(string path) => faccessat(CurrentFolder, path, ReadAccess, EffectiveUser) == 0;

    /// <summary>The highest value that this process may set a limit to without rights of its own; the largest number for no limit.</summary>
    public static ulong HardLimit(int resource) => getrlimit(resource, out var limit) == 0 && limit.Hard != nuint.MaxValue ? limit.Hard : ulong.MaxValue;

    /// <summary>The value of a limit that holds for this process; the largest number for no limit.</summary>
    public static ulong SoftLimit(int resource) =>
        getrlimit(resource, out var limit) == 0 && limit.Soft != nuint.MaxValue ? limit.Soft : ulong.MaxValue;

    /// <summary>The id of this process' user.</summary>
    public static int UserId => (int)geteuid();

    /// <summary>Whether this process has an effective group other than its real one, which scripts have.</summary>
    public static bool HasGroupOfItsOwn => getegid() != getgid();

    /// <summary>Gives a file or a folder to a user, and to the group of the same number.</summary>
    /// <exception cref="UnauthorizedAccessException">This process may not do that.</exception>
    public static void ChangeOwner(string path, int user)
    {
        if (lchown(path, (uint)user, (uint)user) != 0)
        {
            throw new UnauthorizedAccessException($"The owner of {path} can't be changed: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>Creates a folder that only this process' user may enter. False: there is something at the path already.</summary>
    /// <exception cref="IOException">It can't be created, for want of its parent for instance.</exception>
    public static bool TryCreateFolder(string path)
    {
        if (mkdir(path, 0x1C0) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == AlreadyExists ? false : throw new IOException($"The folder {path} can't be created: error {error}.");
    }

    /// <summary>The access rights of a folder of this process' user; null if there is anything else at the path, such as a link to one.</summary>
    public static UnixFileMode? ModeOfOwnFolder(string path) =>
        statx(CurrentFolder, path, NotLinkTarget, TypeModeAndOwner, out var status) == 0
        && (status.Mode & TypeBits) == FolderType
        && status.Owner == geteuid()
            ? (UnixFileMode)(status.Mode & ModeBits)
            : null;

    /// <summary>Waits until one of two descriptors has data or is at its end, or the time is over.</summary>
    public static (bool One, bool Other) WaitReadable(SafeHandle? one, SafeHandle? other, TimeSpan atMost)
    {
        // poll ignores negative descriptors.
        Span<PollDescriptor> both =
        [
            new() { Descriptor = one is null ? -1 : (int)one.DangerousGetHandle(), Events = PollIn },
            new() { Descriptor = other is null ? -1 : (int)other.DangerousGetHandle(), Events = PollIn },
        ];
        return poll(ref both[0], 2, (int)atMost.TotalMilliseconds) > 0 ? (both[0].Returned != 0, both[1].Returned != 0) : default;
    }

    private static bool IsIgnored(int signal)
    {
        const string field = "SigIgn:";
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return line is not null
            && (ulong.Parse(line.AsSpan(field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1) & 1) == 1;
    }

    /// <summary>
    /// Gives this thread, and the threads and processes that it starts, Linux's policy <c>SCHED_BATCH</c> in place of the usual one. A thread that has another
    /// policy, or may not be changed, stays as it is.
    /// </summary>
    public static void SetBatchPolicy()
    {
        if (sched_getscheduler(0) == UsualPolicy)
        {
            _ = pthread_setschedparam(pthread_self(), BatchPolicy, priority: 0);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int id, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint argument, nuint unused3, nuint unused4, nuint unused5);

    [LibraryImport("libc")]
    private static partial nint signal(int signal, nint handler);

    [LibraryImport("libc")]
    private static partial int sched_getscheduler(int thread);

    [LibraryImport("libc")]
    private static partial nint pthread_self();

    [LibraryImport("libc")]
    private static partial int pthread_setschedparam(nint thread, int policy, in int priority);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int faccessat(int folder, string path, int mode, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int lchown(string path, uint user, uint group);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int mkdir(string path, uint mode);

    // Of all calls of its kind, the one whose structure is the same on every processor.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, out FileStatus status);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    private static partial uint getegid();

    [LibraryImport("libc")]
    private static partial uint getgid();

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc")]
    private static partial int poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    private struct ResourceLimit
    {
        public nuint Soft;
        public nuint Hard;
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct FileStatus
    {
        [FieldOffset(20)] public uint Owner;
        [FieldOffset(28)] public ushort Mode;
    }

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
