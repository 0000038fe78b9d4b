using System.Globalization;

namespace SyncCluster.Scripts.Isolation;

/// <summary>What all processes of a job together may use, by a control group.</summary>
internal sealed record JobLimits
{
    /// <summary>The period in which <see cref="Cpu"/> is measured, in microseconds: the kernel's default.</summary>
    private const int Period = 100_000;

    /// <summary>Memory in bytes, files in the kernel's cache included: above it the kernel kills. Null: no limit.</summary>
    public long? Memory { get; init; }

    /// <summary>Processes and threads at once: above it none can be started. Null: no limit.</summary>
    public int? Processes { get; init; }

    /// <summary>Processors, such as 0.5 or 2: above it they are slowed down. Null: no limit.</summary>
    public double? Cpu { get; init; }

    /// <summary>The kernel's controllers that the limits need.</summary>
    public IEnumerable<string> Controllers =>
        [.. Memory is null ? (string[])[] : ["memory"], .. Processes is null ? (string[])[] : ["pids"], .. Cpu is null ? (string[])[] : ["cpu"]];

    /// <summary>The files of a control group that hold the limits, with their content.</summary>
    public IEnumerable<(string File, string Content)> Files
    {
        get
        {
            if (Memory is { } bytes)
            {
                yield return ("memory.max", Text(bytes));
            }

            if (Processes is { } count)
            {
                yield return ("pids.max", Text(count));
            }

            if (Cpu is { } processors)
            {
                yield return ("cpu.max", $"{Text((long)(processors * Period))} {Period}");
            }
        }
    }

    /// <summary>These limits, or those of a task where they are lower.</summary>
    public JobLimits LoweredBy(JobLimits? task) => task is null ? this : this with
    {
        Memory = ScriptLimits.Lower(Memory, task.Memory),
        Processes = ScriptLimits.Lower(Processes, task.Processes),
        Cpu = ScriptLimits.Lower(Cpu, task.Cpu),
    };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
