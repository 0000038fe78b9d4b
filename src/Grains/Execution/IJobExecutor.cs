using Orleans.Services;
using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Execution;

/// <summary>What runs jobs, seen from a job's grain. Every call returns at once or soon; none waits for a job.</summary>
internal interface IJobExecutor
{
    /// <summary>Where a job that is released here will be queued.</summary>
    SiloAddress Address { get; }

    /// <summary>Whether the silo stops.</summary>
    bool IsStopping { get; }

    /// <summary>Takes a place in the queue for a new job of the customer.</summary>
    Reservation TryReserve(string customer);

    /// <summary>Takes a place for a job that was accepted before, full or not.</summary>
    void Reserve(string customer);

    /// <summary>Gives the place back: the job was not released after all.</summary>
    void CancelReservation(string customer);

    /// <summary>
    /// Starts a job on its way, on a place that was taken for it. Called by the activation whose attempt stands in storage.
    /// </summary>
    void Release(Release release);

    /// <summary>Says what is to become of an unfinished record that somebody asks for (rule I9).</summary>
    /// <param name="record">The record.</param>
    /// <param name="tokens">What TheEye may be asked with; the activation keeps them up to date.</param>
    ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens);

    /// <summary>The customer's jobs that were released here and are not known to have ended.</summary>
    IEnumerable<CountedJob> JobsOf(string customer);

    /// <summary>Stops a run; its end comes as a completion. False where nothing of it is known there any more.</summary>
    ValueTask<bool> StopAsync(JobRecord record);

    /// <summary>What an unfinished job's script has printed from a place on; null where nobody can say.</summary>
    ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from);
}

/// <summary>The right to start a job, once.</summary>
/// <param name="Spec">The job.</param>
/// <param name="Attempt">The attempt that stands in storage.</param>
/// <param name="FencedAt">When its write was begun, a timestamp of the silo's clock: who was frozen since may have lost the right.</param>
/// <param name="Tokens">What TheEye may be asked with.</param>
internal readonly record struct Release(JobSpec Spec, Guid Attempt, long FencedAt, CallerTokens Tokens);

/// <summary>The newest tokens of those who wait for a job, in a silo's memory only. More than one: a token may be revoked while its bearer waits.</summary>
internal sealed class CallerTokens
{
    private const int Kept = 4;

    private volatile string[] _newestFirst = [];

    /// <summary>None where no caller is at hand.</summary>
    public IReadOnlyList<string> NewestFirst => _newestFirst;

    /// <summary>Takes another one, if there is one.</summary>
    public void Offer(string? token)
    {
        if (token is not null && _newestFirst.FirstOrDefault() != token)
        {
            _newestFirst = [token, .. _newestFirst.Where(known => known != token).Take(Kept - 1)];
        }
    }
}

/// <summary>What a new job gets of an executor.</summary>
public enum Reservation
{
    Reserved,

    /// <summary>The queue is full.</summary>
    QueueFull,

    /// <summary>This silo takes no jobs, since it stops or starts: another one may.</summary>
    NotAccepting,
}

/// <summary>What is to become of an unfinished job.</summary>
public abstract record Resumption
{
    private Resumption()
    {
    }

    /// <summary>It is in good hands, or nobody can say yet.</summary>
    public sealed record KeepWaiting : Resumption;

    /// <summary>Its attempt has provably started nothing: take it over and release it.</summary>
    public sealed record TakeOver : Resumption;

    /// <summary>Somebody else must see to it: this silo stops or starts.</summary>
    public sealed record NotAccepting : Resumption;

    /// <summary>It is lost.</summary>
    public sealed record End(JobOutcome Outcome) : Resumption;
}

/// <summary>
/// The runner of one silo, reachable from all others by the silo's address. A grain service and no observer, since observers on a silo that stops
/// can't be reached, and it is then that its jobs are asked for.
/// </summary>
[Alias("sync.runner")]
public interface IRunnerService : IGrainService
{
    /// <summary>Whether the job's attempt is queued or running here, or its end still being reported.</summary>
    [Alias("holds"), ResponseTimeout("00:00:02")]
    Task<bool> Holds(string jobId, Guid attempt);

    /// <summary>Stops the job's run. False: it is not here.</summary>
    [Alias("stop"), ResponseTimeout("00:00:02")]
    Task<bool> Stop(string jobId, Guid attempt);

    /// <summary>What the job's script has printed from a place on; null where it is not here.</summary>
    [Alias("log"), ResponseTimeout("00:00:02")]
    Task<JobLog?> ReadLog(string jobId, Guid attempt, long from);

    /// <summary>The job is the first in its task's line. Told once, and perhaps in vain.</summary>
    /// <param name="key">Its <see cref="JobKey"/>.</param>
    [Alias("turn"), ResponseTimeout("00:00:02")]
    Task TurnHasCome(string key);
}
