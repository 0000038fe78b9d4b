using System.Collections.Concurrent;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.TheEye;

/// <summary>Counts requests and actions of the server since its start. Each read gives the current count.</summary>
public sealed class Counters
{
    private readonly int[] _arrived = new int[Enum.GetValues<Step>().Length];
    private readonly ConcurrentQueue<(Step Step, string TraceParent)> _traced = new();
    private readonly int[] _actions = new int[Enum.GetValues<CountedAction>().Length];

    /// <summary>Jobs created, of every type.</summary>
    public int Creates => Of(CountedAction.Create);

    /// <summary>Calls of <c>synced</c> that were executed, refused ones included.</summary>
    public int Synceds => Of(CountedAction.Synced);

    /// <summary>Saves of <c>synced</c> for a job that was not syncing any more: each of them could have run it again.</summary>
    public int SavedOver => Of(CountedAction.SaveOver);

    /// <summary>Job documents that were sent.</summary>
    public int Gets => Of(CountedAction.Get);

    /// <summary>Cancel calls that were executed, those without effect included.</summary>
    public int Cancels => Of(CountedAction.Cancel);

    /// <summary>Hold calls that were executed, refused ones included.</summary>
    public int Holds => Of(CountedAction.Hold);

    /// <summary>Profiles that were sent.</summary>
    public int Profiles => Of(CountedAction.Profile);

    /// <summary>Messages that were sent to Redis.</summary>
    public int Published => Of(CountedAction.Publish);

    /// <summary>Starts of a job by an agent.</summary>
    public int Runs => Of(CountedAction.Run);

    /// <summary>Jobs that were started more than once.</summary>
    public int RunTwice => Of(CountedAction.RunTwice);

    /// <summary>Jobs that have ended. With <see cref="TheEyeOptions.MessageDelay"/> their messages may still be to come.</summary>
    public int Ended => Of(CountedAction.End);

    /// <summary>Ended jobs that were deleted when a newer one was created.</summary>
    public int Removed => Of(CountedAction.Remove);

    /// <summary>Those of <see cref="Removed"/> whose final document was never fetched.</summary>
    public int RemovedUnfetched => Of(CountedAction.RemoveUnfetched);

    /// <summary>Requests of a step that have arrived, those with a fault included.</summary>
    public int Arrived(Step step) => Volatile.Read(ref _arrived[(int)step]);

    /// <summary>The requests that have come with a <c>traceparent</c>, and what it was.</summary>
    public IReadOnlyCollection<(Step Step, string TraceParent)> Traced => _traced;

    internal void Arrive(Step step, string? traceParent)
    {
        Interlocked.Increment(ref _arrived[(int)step]);
        if (traceParent is not null)
        {
            _traced.Enqueue((step, traceParent));
        }
    }

    internal void Add(CountedAction action) => Interlocked.Increment(ref _actions[(int)action]);

    private int Of(CountedAction action) => Volatile.Read(ref _actions[(int)action]);
}

internal enum CountedAction
{
    Create,
    Synced,
    SaveOver,
    Get,
    Cancel,
    Hold,
    Profile,
    Publish,
    Run,
    RunTwice,
    End,
    Remove,
    RemoveUnfetched,
}
