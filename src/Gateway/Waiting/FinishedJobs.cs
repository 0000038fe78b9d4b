using System.Collections.Concurrent;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>
/// The large jobs that have ended and that this gateway is answering with. Each request that asks for such a job is given a copy of it; all of them go on
/// with the first one, and with what is made of it (<see cref="FinishedJob.FormOf"/>): a client that reads slowly holds it for long. A job is held
/// weakly, so it goes with its last answer.
/// </summary>
internal sealed class FinishedJobs
{
    private const int LeastToPrune = 64;

    private readonly ConcurrentDictionary<string, WeakReference<FinishedJob>> _jobs = new();
    private int _pruneAt = LeastToPrune;

    /// <summary>The same job: the copy that others have, if they have one.</summary>
    public FinishedJob Share(FinishedJob job)
    {
        if (job.Document.Length < FinishedJob.SharedLength)
        {
            return job;
        }

        while (true)
        {
            if (!_jobs.TryGetValue(job.Key, out var known))
            {
                if (_jobs.TryAdd(job.Key, new(job)))
                {
                    Prune();
                    return job;
                }
            }
            else if (known.TryGetTarget(out var shared))
            {
                // TheEye may have changed its document.
                return IsSame(shared, job) ? shared : job;
            }
            else if (_jobs.TryUpdate(job.Key, new(job), known))
            {
                return job;
            }
        }
    }

    /// <summary>The reply with the copy that others have.</summary>
    public JobReply.Finished Share(JobReply.Finished reply) =>
        Share(reply.Job) is var shared && ReferenceEquals(shared, reply.Job) ? reply : new(shared);

    private static bool IsSame(FinishedJob one, FinishedJob other) =>
        (one.Lifecycle, one.State, one.Fault) == (other.Lifecycle, other.State, other.Fault)
        && IsSame(one.Access, other.Access)
        && one.Document.AsSpan().SequenceEqual(other.Document);

    private static bool IsSame(JobAccess one, JobAccess other) =>
        one.Cancellable == other.Cancellable
        && one.Acl.AsSpan().SequenceEqual(other.Acl)
        && one.SecretHash is null == other.SecretHash is null
        && one.SecretHash.AsSpan().SequenceEqual(other.SecretHash);

    /// <summary>Forgets the keys of jobs that are gone, as often as there may be many of them.</summary>
    private void Prune()
    {
        if (_jobs.Count < Volatile.Read(ref _pruneAt))
        {
            return;
        }

        foreach (var entry in _jobs)
        {
            if (!entry.Value.TryGetTarget(out _))
            {
                _jobs.TryRemove(entry);
            }
        }

        Volatile.Write(ref _pruneAt, Math.Max(LeastToPrune, 2 * _jobs.Count));
    }
}
