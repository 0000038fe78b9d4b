namespace SyncCluster.Jobs.Listing;

/// <summary>
/// Lists jobs by the index, and holds what it finds against their records: a job is listed as its record has it, or not at all. Entries that are
/// wrong are mended on the way.
/// </summary>
internal sealed class JobListing(IJobIndex index, JobReader records, TimeProvider timeProvider)
{
    /// <summary>How many records are read at once: each may have 16 MiB.</summary>
    private const int ReadsAtOnce = 32;

    /// <summary>The most entries that are asked for at once.</summary>
    private const int MaxEntries = 4096;

    /// <summary>How long a search may take; then it is to be asked again.</summary>
    private static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(3);

    /// <summary>From then on an entry without a record is one whose record was removed, or never written.</summary>
    private static readonly TimeSpan WriteTime = TimeSpan.FromMinutes(10);

    /// <summary>Reads the records.</summary>
    public JobReader Records { get; } = records;

    /// <summary>Finds jobs, in their order.</summary>
    /// <param name="customer">The customer.</param>
    /// <param name="query">Which jobs.</param>
    /// <param name="after">Where to begin.</param>
    /// <returns>Each with its record; without one where the search was given up: it goes on after that position.</returns>
    /// <exception cref="Exception">The storage can't be reached.</exception>
    public async IAsyncEnumerable<(JobPosition At, JobRecord? Record)> FindAsync(string customer, JobQuery query, JobPosition? after)
    {
        var begun = timeProvider.GetTimestamp();
        var filter = JobFilter.Of(query);
        var access = new Dictionary<ulong, bool> { [0] = true };
        var seen = new HashSet<JobPosition>();
        var skip = query.Skip;
        bool isAtRead;

        // One more than wanted tells whether there are more.
        var limit = (int)Math.Min(query.Limit + 1L, MaxEntries);
        while (true)
        {
            isAtRead = false;
            var found = await index.FindAsync(customer, filter, new(after, query.IsAscending), limit, IsLeftOut);
            for (var at = 0; at < found.Entries.Count;)
            {
                isAtRead = false;
                if (IsLeftOut(found.Entries[at]))
                {
                    at++;
                    continue;
                }

                var batch = found.Entries.Skip(at).Take(ReadsAtOnce).Where(entry => !IsHidden(entry)).ToArray();
                at += Math.Min(ReadsAtOnce, found.Entries.Count - at);
                var read = await Task.WhenAll(batch.Select(entry => Records.ReadAsync(customer, entry.Position.JobId)));
                foreach (var (entry, record) in batch.Zip(read))
                {
                    Mend(customer, entry, record);
                    if (record is null or { IsRemoved: true })
                    {
                        continue;
                    }

                    access[JobEntry.Of(record).Acl] = query.Viewer.IsAllowedBy(record.Spec.Acl);
                    if (!query.Admits(record) || !seen.Add(JobPosition.Of(record.Spec)))
                    {
                        continue;
                    }

                    if (skip > 0)
                    {
                        skip--;
                        continue;
                    }

                    yield return (entry.Position, record);
                }

                if (timeProvider.GetElapsedTime(begun) > SearchTime)
                {
                    yield return (found.Entries[at - 1].Position, null);
                    yield break;
                }
            }

            if (found.Next is not { } next)
            {
                yield break;
            }

            after = next;
            if (timeProvider.GetElapsedTime(begun) > SearchTime)
            {
                yield return (next, null);
                yield break;
            }
        }

        bool IsHidden(JobEntry entry) => !query.Viewer.IsAdministrator && !access.GetValueOrDefault(entry.Acl, true);

        // What is passed over is not read, if its entry tells enough: that it has ended, that the viewer may see it, and that it is wanted. Whether one counts that must
        // be read is known later, so none behind it is passed over before.
        bool IsLeftOut(JobEntry entry)
        {
            if (IsHidden(entry))
            {
                return true;
            }

            isAtRead |= skip == 0 || query.RestartedFrom is not null || !entry.HasEnded || !(query.Viewer.IsAdministrator || access.ContainsKey(entry.Acl));
            skip -= isAtRead ? 0 : 1;
            return !isAtRead;
        }
    }

    private void Mend(string customer, JobEntry entry, JobRecord? record)
    {
        if (record is { IsRemoved: false })
        {
            if (JobEntry.Of(record) is var right && right != entry)
            {
                index.Change(customer, entry, right);
            }
        }
        else if (record is not null || JobPosition.Micros(timeProvider.GetUtcNow() - WriteTime) > entry.Position.CreatedAt)
        {
            index.Change(customer, entry, null);
        }
    }
}
