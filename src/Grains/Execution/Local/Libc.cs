using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace SyncCluster.Execution.Local;

/// <summary>The few calls of the C library that .NET has no words for.</summary>
[SupportedOSPlatform("linux")]
internal static partial class Libc
{
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int ArgumentsTooLong = 7;

    private const int BrokenPipe = 13;
    private const int ReadAccess = 4;
    private const short PollIn = 1;

    private static readonly Lazy<nint> IgnoredBefore = new(() =>
        signal(BrokenPipe, NativeLibrary.GetExport(NativeLibrary.Load("libc", typeof(Libc).Assembly, null), "getpid")));

    /// <summary>
    /// Has SIGPIPE end the programs that are started from now on, as usual: .NET ignores it, and what is ignored stays so in a child, while what is
    /// handled is back at its default there. The handler is a function that does nothing and may be called at any moment: <c>getpid</c>.
    /// </summary>
    public static void RestoreBrokenPipeInChildren() => _ = IgnoredBefore.Value;

    /// <summary>Sends a signal to a process, or to a whole group by its negative number; false if there is none such.</summary>
    public static bool Signal(int id, int signal) => kill(id, signal) == 0;

    /// <summary>Whether this user may read a file: asked first where an exception for each refusal would cost more than the work itself.</summary>
    public static bool MayRead(string path) => access(path, ReadAccess) == 0;

    /// <summary>Waits until a descriptor has data or has come to its end.</summary>
    public static bool WaitReadable(SafeHandle handle, TimeSpan atMost)
    {
        var poll = new PollDescriptor { Descriptor = (int)handle.DangerousGetHandle(), Events = PollIn };
        return Libc.poll(ref poll, 1, (int)atMost.TotalMilliseconds) > 0;
    }

    [LibraryImport("libc")]
    private static partial int kill(int id, int signal);

    [LibraryImport("libc")]
    private static partial nint signal(int signal, nint handler);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int access(string path, int mode);

    [LibraryImport("libc")]
    private static partial int poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
