using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;
using SyncCluster.Scripts;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Monitors jobs of TheEye until they have ended, each by a loop of its own.
/// <para>
/// No end is missed: <see cref="CompletionListener"/> is subscribed before a job is released. After an interruption it says when the subscription is
/// restored. Then the supervisor is asked about all jobs, a few at a time. In addition it is asked about each job at intervals. The silo that reads
/// an end reports it until the job's grain has stored it. Several silos may monitor the same job.
/// </para>
/// </summary>
internal sealed partial class JobMonitor : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause between two reads of a job while the subscription to Redis is interrupted.</summary>
    private static readonly TimeSpan PollWhileInterrupted = TimeSpan.FromSeconds(2);

    private readonly JobReleaser _releaser;
    private readonly JobChecker _checker;
    private readonly CompletionListener _completions;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<JobMonitor> _logger;
    private readonly ConcurrentDictionary<string, MonitoredJob> _jobs = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _polling = Task.CompletedTask;

    public JobMonitor(
        JobReleaser releaser, JobChecker checker, CompletionListener completions, TimeProvider timeProvider, ILogger<JobMonitor> logger)
    {
        _releaser = releaser;
        _checker = checker;
        _completions = completions;
        _timeProvider = timeProvider;
        _logger = logger;
        Stopping = _stop.Token;
    }

    /// <summary>The jobs that are monitored now.</summary>
    public ICollection<MonitoredJob> Jobs => _jobs.Values;

    /// <summary>Canceled when the silo stops monitoring.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Starts to listen to Redis and to poll the supervisor.</summary>
    public void Start()
    {
        _completions.Open(EndAnnounced, CheckAll);
        _polling = Task.Run(PollAsync, CancellationToken.None);
    }

    /// <summary>Stops listening, polling, and the loops of all jobs.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _completions.DisposeAsync();
        await _polling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    /// <summary>Monitors a job, if it is not monitored yet.</summary>
    public MonitoredJob Monitor(JobSpec spec)
    {
        while (true)
        {
            if (_jobs.TryGetValue(spec.JobId, out var monitored))
            {
                return monitored;
            }

            var job = new MonitoredJob(spec, _timeProvider);
            if (_jobs.TryAdd(spec.JobId, job))
            {
                LogMonitored(spec.JobId, spec.Customer);

                // Not as a part of the grain call.
                DetachedWork.Start(() => Task.Run(() => MonitorAsync(job)));
                return job;
            }
        }
    }

    private async Task MonitorAsync(MonitoredJob job)
    {
        try
        {
            job.CheckAfter(_checker.NewPollPause());
            for (var isDone = false; !isDone;)
            {
                var reasons = await job.WaitAsync(Stopping);
                if (job.TakeRelease() is { } release)
                {
                    _ = _releaser.ReleaseAsync(job, release, Stopping);
                }

                if ((reasons & (WakeReasons.Check | WakeReasons.EndAnnounced)) != 0)
                {
                    isDone = await _checker.CheckAsync(job, reasons.HasFlag(WakeReasons.EndAnnounced), Stopping);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
        catch (Exception fault)
        {
            LogFailed(fault, job.Spec.JobId);
        }
        finally
        {
            _jobs.TryRemove(KeyValuePair.Create(job.Spec.JobId, job));
        }
    }

    private void EndAnnounced(string jobId)
    {
        if (_jobs.TryGetValue(jobId, out var job))
        {
            job.Wake(WakeReasons.EndAnnounced);
        }
    }

    private void CheckAll()
    {
        foreach (var (_, job) in _jobs)
        {
            job.Wake(WakeReasons.Check);
        }
    }

    private async Task PollAsync()
    {
        using var timer = new PeriodicTimer(Tick, _timeProvider);
        while (await timer.WaitForNextTickAsync(Stopping))
        {
            var now = _timeProvider.GetTimestamp();
            var longest = _completions.IsOpen ? (TimeSpan?)null : PollWhileInterrupted;
            foreach (var (_, job) in _jobs)
            {
                if (job.IsDue(now, longest))
                {
                    job.Wake(WakeReasons.Check);
                }
            }
        }
    }
}
