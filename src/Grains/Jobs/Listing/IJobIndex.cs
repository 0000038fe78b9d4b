namespace SyncCluster.Jobs.Listing;

/// <summary>
/// Finds the jobs of a customer. It is no second source of truth: an entry only says that there may be such a job, and what has the last word is the
/// job's record. A job's entry is sent before its record is, and nobody hears of the job, nor is it run, before both are stored. An end is stored in
/// the record first, so that an entry that says "ended" is right; if the entry's own change is then lost, it still says "unfinished", and whoever
/// lists such a job reads its record and mends the entry.
/// </summary>
internal interface IJobIndex
{
    /// <summary>Sends the entry of a job whose record is sent next. It is on its way when this returns, and stored when the task has completed.</summary>
    /// <exception cref="Exception">It is not known whether the entry is stored.</exception>
    Task AddAsync(string customer, JobEntry entry);

    /// <summary>Replaces an entry soon. It may be lost: whoever lists the job mends it then.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="removed">The entry that is wrong; null for none.</param>
    /// <param name="added">The one in its place; null for none.</param>
    void Change(string customer, JobEntry? removed, JobEntry? added);

    /// <summary>Finds entries, in the order of their positions. Some may be there twice, marked unfinished and ended.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="filter">Which are wanted.</param>
    /// <param name="span">Where to begin, and in which direction to go.</param>
    /// <param name="limit">How many are wanted at most.</param>
    /// <param name="isLeftOut">Is asked of each one that is wanted, in their order, whether it is to be left out; null: none is.</param>
    /// <exception cref="Exception">The storage can't be reached.</exception>
    Task<FoundEntries> FindAsync(string customer, JobFilter filter, JobSpan span, int limit, Func<JobEntry, bool>? isLeftOut = null);

    /// <summary>The customers that may have entries.</summary>
    /// <exception cref="Exception">The storage can't be reached.</exception>
    Task<IReadOnlyCollection<string>> FindCustomersAsync();
}

/// <summary>A part of a customer's jobs.</summary>
/// <param name="After">The position that it begins after; null for the first of all.</param>
/// <param name="IsAscending">Whether it goes from older to newer jobs.</param>
internal readonly record struct JobSpan(JobPosition? After, bool IsAscending)
{
    /// <summary>Whether a position belongs to it.</summary>
    public bool Includes(JobPosition position) => After is not { } after || Compare(after, position) < 0;

    /// <summary>Between which bytes the entries of this part are that may pass the filter: from the first ones on, before the others.</summary>
    public (byte[] From, byte[] To) BoundsIn(JobFilter filter)
    {
        var (from, to) = (new byte[JobPosition.Length], new byte[JobPosition.Length]);
        new JobPosition(filter.Since, 0, 0).Write(from);
        new JobPosition(filter.Until, 0, 0).Write(to);
        if (After is { } older && IsAscending && older.CreatedAt >= filter.Since)
        {
            // A position comes before all entries that begin with it; with this after it, behind them.
            from = new byte[JobEntry.Length + 1];
            Array.Fill(from, byte.MaxValue);
            older.Write(from);
        }
        else if (After is { } newer && !IsAscending && newer.CreatedAt < filter.Until)
        {
            newer.Write(to);
        }

        return (from, to);
    }

    /// <summary>Negative if the first one comes before the other in this direction.</summary>
    public int Compare(JobPosition one, JobPosition other) => IsAscending ? one.CompareTo(other) : other.CompareTo(one);
}

/// <param name="Entries">In their order.</param>
/// <param name="Next">Where to go on; null if all was searched.</param>
internal readonly record struct FoundEntries(IReadOnlyList<JobEntry> Entries, JobPosition? Next);
