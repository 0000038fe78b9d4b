using SyncCluster.TheEye.Faults;

namespace SyncCluster.TheEye;

/// <summary>What the server has been asked and what it has done, since its start. Live: each read is the count of that moment.</summary>
public sealed class Counters
{
    private readonly int[] _arrived = new int[Enum.GetValues<Step>().Length];
    private readonly int[] _done = new int[Enum.GetValues<Deed>().Length];

    /// <summary>Jobs created, of every type.</summary>
    public int Creates => Of(Deed.Create);

    /// <summary>Calls of <c>synced</c> that were acted upon, refused ones too.</summary>
    public int Synceds => Of(Deed.Synced);

    /// <summary>Saves of <c>synced</c> over a job that was not syncing any more: each of them could have run it again.</summary>
    public int SavedOver => Of(Deed.SaveOver);

    /// <summary>Job documents given.</summary>
    public int Gets => Of(Deed.Get);

    /// <summary>Calls to cancel that were acted upon, those that changed nothing too.</summary>
    public int Cancels => Of(Deed.Cancel);

    /// <summary>Calls to hold that were acted upon, refused ones too.</summary>
    public int Holds => Of(Deed.Hold);

    /// <summary>Profiles given.</summary>
    public int Profiles => Of(Deed.Profile);

    /// <summary>Messages handed to Redis.</summary>
    public int Published => Of(Deed.Publish);

    /// <summary>Starts of jobs by an agent.</summary>
    public int Runs => Of(Deed.Run);

    /// <summary>Jobs started more than once.</summary>
    public int RunTwice => Of(Deed.RunTwice);

    /// <summary>Ends of jobs, with all that follows from them done: the message, the removal of older jobs.</summary>
    public int Ended => Of(Deed.End);

    /// <summary>Finished jobs deleted to keep the newest only.</summary>
    public int Removed => Of(Deed.Remove);

    /// <summary>Of <see cref="Removed"/>, those whose finished document nobody had fetched.</summary>
    public int RemovedUnfetched => Of(Deed.RemoveUnfetched);

    /// <summary>Requests that have arrived, whatever fault then met them.</summary>
    public int Arrived(Step step) => Volatile.Read(ref _arrived[(int)step]);

    internal void Arrive(Step step) => Interlocked.Increment(ref _arrived[(int)step]);

    internal void Add(Deed deed) => Interlocked.Increment(ref _done[(int)deed]);

    private int Of(Deed deed) => Volatile.Read(ref _done[(int)deed]);
}

internal enum Deed
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
