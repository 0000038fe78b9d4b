using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace SyncCluster.Jobs.Listing;

/// <summary>Which entries of the index may be of jobs that are asked for: all that are, and perhaps others. Null members admit all.</summary>
internal sealed record JobFilter
{
    public uint[]? Tasks { get; private init; }

    public uint[]? Callers { get; private init; }

    public Lifecycle[]? Lifecycles { get; private init; }

    public JobState[]? States { get; private init; }

    /// <summary>From when on the jobs were called: microseconds since 1970.</summary>
    public long Since { get; private init; }

    /// <summary>Before when they were called.</summary>
    public long Until { get; private init; } = long.MaxValue;

    /// <summary>Whether an entry of an ended job can be one of them.</summary>
    public bool IncludesEnded => Lifecycles is null || Lifecycles.Any(lifecycle => lifecycle.HasEnded());

    public static JobFilter Of(JobQuery query) => new()
    {
        Tasks = query.Tasks?.Select(JobEntry.Hash).ToArray(),
        Callers = query.Callers?.Select(JobEntry.Hash).ToArray(),
        Lifecycles = query.Lifecycles,
        States = query.States,
        Since = query.Since is { } since ? JobPosition.Micros(since) : 0,
        Until = query.Until is { } until ? JobPosition.Micros(until) + 1 : long.MaxValue,
    };

    /// <inheritdoc cref="Admits(in JobEntry)"/>
    /// <param name="entry">The bytes of an entry that is within the bounds of a search.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Admits(ReadOnlySpan<byte> entry)
    {
        var lifecycle = (Lifecycle)entry[JobEntry.LifecycleAt];
        return (Tasks is null || Array.IndexOf(Tasks, BinaryPrimitives.ReadUInt32BigEndian(entry[JobEntry.TaskAt..])) >= 0)
            && (Callers is null || Array.IndexOf(Callers, BinaryPrimitives.ReadUInt32BigEndian(entry[JobEntry.CallerAt..])) >= 0)
            && (!lifecycle.HasEnded()
                || ((Lifecycles is null || Array.IndexOf(Lifecycles, lifecycle) >= 0)
                    && (States is null || Array.IndexOf(States, (JobState)entry[JobEntry.StateAt]) >= 0)));
    }

    /// <summary>A job that is marked unfinished may have ended since, in any way.</summary>
    public bool Admits(in JobEntry entry) =>
        entry.Position.CreatedAt >= Since && entry.Position.CreatedAt < Until
        && (Tasks is null || Array.IndexOf(Tasks, entry.Task) >= 0)
        && (Callers is null || Array.IndexOf(Callers, entry.Caller) >= 0)
        && (!entry.HasEnded
            || ((Lifecycles is null || Array.IndexOf(Lifecycles, entry.Lifecycle) >= 0)
                && (States is null || Array.IndexOf(States, entry.State) >= 0)));
}
