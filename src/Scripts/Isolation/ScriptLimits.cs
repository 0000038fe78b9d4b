using System.Globalization;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Isolation;

/// <summary>
/// What each process of a script may use, by <c>setrlimit</c>. What it starts has the same limits, each process for itself. Where the server itself
/// has a lower limit, that one holds.
/// </summary>
internal sealed record ScriptLimits
{
    /// <summary>How long a process that has used up its CPU time may clean up after SIGXCPU.</summary>
    private static readonly TimeSpan CpuGrace = TimeSpan.FromSeconds(5);

    /// <summary>The size of a file that a process writes, in bytes: above it SIGXFSZ. Null: no limit.</summary>
    public long? FileSize { get; init; }

    /// <summary>
    /// The memory of a process of its own, in bytes: its heap, and what it has mapped to write to and shares with no other. Above it an allocation
    /// fails. Null: no limit.
    /// </summary>
    public long? Data { get; init; }

    /// <summary>
    /// The CPU time of a process: above it SIGXCPU, then SIGKILL. Null, and at most: what all processors can give it until its script is killed. So
    /// it ends even if it can't be found then.
    /// </summary>
    public TimeSpan? Cpu { get; init; }

    /// <summary>The processes and threads that the script's user has at once. Only for scripts that do not run as the server's user.</summary>
    public int? Processes { get; init; }

    /// <summary>These limits, or those of a task where they are lower.</summary>
    public ScriptLimits LoweredBy(ScriptLimits? task) => task is null ? this : this with
    {
        FileSize = Lower(FileSize, task.FileSize),
        Data = Lower(Data, task.Data),
        Cpu = Lower(Cpu, task.Cpu),
    };

    /// <summary>The lower one of two limits, either of which may be none.</summary>
    public static T? Lower<T>(T? one, T? other)
        where T : struct, IComparable<T> =>
        one is { } first && (other is not { } second || first.CompareTo(second) <= 0) ? one : other;

    /// <summary>Shell commands, joined by <c>&amp;&amp;</c>, that set the limits of the shell and of what it becomes.</summary>
    /// <param name="timeout">When the script is ended.</param>
    /// <param name="killGrace">How long it may go on then.</param>
    /// <param name="hasUser">Whether the script runs as a user of its own.</param>
    [SupportedOSPlatform("linux")]
    public string ShellText(TimeSpan timeout, TimeSpan killGrace, bool hasUser)
    {
        var longest = (timeout.TotalSeconds + killGrace.TotalSeconds) * Environment.ProcessorCount;
        var seconds = Math.Ceiling(Math.Min(Cpu?.TotalSeconds ?? longest, longest));
        List<string> commands = ["ulimit -c 0"];
        Add(NativeMethods.FileSizeLimit, FileSize, 512, "ulimit -f {0}");
        Add(NativeMethods.DataLimit, Data, 1024, "ulimit -d {0}");

        // The soft limit first: the hard one may not be below it.
        Add(NativeMethods.CpuLimit, seconds, 1, "ulimit -S -t {0}");
        Add(NativeMethods.CpuLimit, seconds + CpuGrace.TotalSeconds, 1, "ulimit -H -t {0}");
        Add(NativeMethods.ProcessLimit, hasUser ? Processes : null, 1, "{{ ulimit -u {0} 2>/dev/null || ulimit -p {0}; }}");
        return string.Join(" && ", commands);

        void Add(int resource, double? limit, int unit, string command)
        {
            if (limit is { } value)
            {
                var count = Math.Max(1, Math.Min(value, NativeMethods.HardLimit(resource)) / unit);
                commands.Add(string.Format(CultureInfo.InvariantCulture, command, (long)count));
            }
        }
    }
}
