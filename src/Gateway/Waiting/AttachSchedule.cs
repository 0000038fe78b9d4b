using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Waiting;

/// <summary>When this gateway attaches again to the jobs that it waits for (rule I7).</summary>
internal sealed class AttachSchedule(WaitingOptions options, TimeProvider timeProvider)
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WhileSiloStops = TimeSpan.FromSeconds(1);

    /// <summary>Until then a job may be due before the regular look at all jobs.</summary>
    private long _denseUntil;

    /// <summary>How often the jobs are looked at when one of them may be due soon.</summary>
    public static TimeSpan Tick { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether no job is due before its regular time, so that it is enough to look at the jobs now and then.</summary>
    public bool IsQuiet(long now) => now > Volatile.Read(ref _denseUntil);

    /// <summary>The job's grain has replied that the job goes on, and that this gateway is subscribed.</summary>
    public void Established(PendingJob job, JobReply.Pending reply)
    {
        job.Establish(NextRegular());
        if (reply.Leaving)
        {
            AttachIn(WhileSiloStops, job);
        }
    }

    /// <summary>A subscription may be lost. Not at once: all silos should know of the change by then, and not all jobs should ask at the same time.</summary>
    public void AttachSoon(PendingJob job) => AttachIn(TimeSpan.FromSeconds(0.5 + (2.5 * Random.Shared.NextDouble())), job);

    /// <summary>The job's grain did not say how the job is.</summary>
    public void AttachAfterFault(PendingJob job) => AttachIn(AfterFault, job);

    /// <summary>The time of the next regular attach, with a tenth of jitter.</summary>
    public long NextRegular() => In(options.AttachInterval * (0.9 + (0.2 * Random.Shared.NextDouble())));

    private void AttachIn(TimeSpan time, PendingJob job)
    {
        job.AttachBy(In(time));

        // Two threads at once may leave the earlier time: then an attach is less than a second late.
        var until = In(time + Tick);
        if (Volatile.Read(ref _denseUntil) < until)
        {
            Volatile.Write(ref _denseUntil, until);
        }
    }

    private long In(TimeSpan time) => timeProvider.GetTimestamp() + (long)(time.TotalSeconds * timeProvider.TimestampFrequency);
}
