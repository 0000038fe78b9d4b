using System.Collections.Concurrent;
using Orleans.Storage;
using SyncCluster.Grains.Tests.Jobs;
using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Telemetry;

/// <summary>What each instrument makes of what it is told: name, value, unit and attributes.</summary>
public sealed class ServerMetricsTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly RecordedMetrics _recorded = new();

    public void Dispose() => _recorded.Dispose();

    [Fact]
    public void What_has_happened_is_counted_once_and_durations_are_seconds()
    {
        var metrics = _recorded.Metrics;
        metrics.WaitEnded("timed_out", 2.5 * Second);
        Assert.Equal(["synccluster.wait.duration 2.5 s outcome=timed_out", "synccluster.waits.ended 1 {wait} outcome=timed_out"], _recorded.Take());

        metrics.CompletionDelivered(0.25 * Second);
        Assert.Equal(["synccluster.completion.delivery.duration 0.25 s"], _recorded.Take());

        metrics.Reattached();
        metrics.JobSubmitted();
        metrics.PushFailed();
        Assert.Equal(["synccluster.reattaches 1 {call}", "synccluster.push.failures 1 {push}", "synccluster.jobs.submitted 1 {job}"], _recorded.Take());

        metrics.JobAssigned(90 * Second);
        Assert.Equal(["synccluster.job.queue.duration 90 s"], _recorded.Take());

        metrics.Rejected("queue");
        metrics.TheEyeAnswered("slow");
        Assert.Equal(["synccluster.quota.rejections 1 {request} limit=queue", "synccluster.theeye.requests 1 {request} outcome=slow"], _recorded.Take());
    }

    [Fact]
    public void An_ended_job_is_counted_by_state_and_lifecycle_and_took_from_its_creation_to_its_end()
    {
        var ended = JobRecord.Fenced(JobSamples.Spec(), Guid.NewGuid(), SiloAddress.Zero, JobSamples.Now) with
        {
            Lifecycle = Lifecycle.Terminated,
            State = JobState.Timeout,
            LastUpdate = JobSamples.Now + (90 * Second),
        };
        _recorded.Metrics.JobEnded(ended);
        Assert.Equal(
            ["synccluster.job.duration 90 s state=timeout", "synccluster.jobs.ended 1 {job} state=timeout lifecycle=terminated"], _recorded.Take());
    }

    [Fact]
    public void What_happens_with_each_call_is_told_in_all_by_each_that_asks()
    {
        var metrics = _recorded.Metrics;
        metrics.JobSubmitted();
        metrics.JobSubmitted();
        metrics.WaitEnded("answered", Second);
        Assert.Equal(
            ["synccluster.wait.duration 1 s outcome=answered", "synccluster.waits.ended 1 {wait} outcome=answered", "synccluster.jobs.submitted 2 {job}"],
            _recorded.Take());

        metrics.JobSubmitted();
        metrics.WaitEnded("refused", Second);
        Assert.Equal(
            ["synccluster.wait.duration 1 s outcome=refused", "synccluster.waits.ended 1 {wait} outcome=refused", "synccluster.jobs.submitted 1 {job}"],
            _recorded.Take());
        Assert.Empty(_recorded.Take());
    }

    [Fact]
    public void Reads_and_writes_of_the_storage_are_told_apart_and_a_lost_race_is_no_failure()
    {
        var metrics = _recorded.Metrics;
        metrics.StorageRead(0.5 * Second);
        metrics.StorageWritten(1.5 * Second);
        Assert.Equal(
            ["synccluster.storage.duration 0.5 s operation=read", "synccluster.storage.duration 1.5 s operation=write"],
            _recorded.Take().Order(StringComparer.Ordinal));

        metrics.StorageReadFailed();
        metrics.StorageWriteFailed(new TimeoutException());
        metrics.StorageWriteFailed(new InconsistentStateException());
        Assert.Equal(
            ["synccluster.storage.failures 1 {operation} operation=read", "synccluster.storage.failures 1 {operation} operation=write"], _recorded.Take());
    }

    /// <summary>Durations are passed on many at once.</summary>
    [Fact]
    public void Each_of_many_durations_is_told_once_whoever_reads_meanwhile()
    {
        const int Count = 10_000;
        var told = new ConcurrentBag<string[]>();
        Parallel.For(0, Count, number =>
        {
            _recorded.Metrics.WaitEnded("answered", number * Second);
            if (number % 1000 == 0)
            {
                told.Add(_recorded.Take());
            }
        });
        told.Add(_recorded.Take());

        var durations = told.SelectMany(values => values).Where(value => value.StartsWith("synccluster.wait.duration ", StringComparison.Ordinal));
        Assert.Equal(
            Enumerable.Range(0, Count).Select(number => $"synccluster.wait.duration {number} s outcome=answered").Order(StringComparer.Ordinal),
            durations.Order(StringComparer.Ordinal));
        Assert.Empty(_recorded.Take());
    }

    [Fact]
    public void Gauges_are_read_when_somebody_asks()
    {
        var metrics = _recorded.Metrics;
        metrics.ObserveExecutor(() => 1, () => 2, () => 3, 4);
        metrics.ObserveClockSkew(() => TimeSpan.FromMilliseconds(-1500));
        metrics.ObserveCertificate(() => TimeSpan.FromHours(2));
        metrics.ObserveConnections(() => 5, 6, () => 7, 8);
        Assert.Equal(
            [
                "synccluster.certificate.remaining 7200 s",
                "synccluster.clock.skew -1.5 s",
                "synccluster.connections 5 {connection}",
                "synccluster.connections.limit 6 {connection}",
                "synccluster.files.limit 8 {file}",
                "synccluster.files.open 7 {file}",
                "synccluster.jobs.held 3 {job}",
                "synccluster.queue.length 1 {job}",
                "synccluster.scripts.capacity 4 {script}",
                "synccluster.scripts.running 2 {script}",
            ],
            _recorded.Take().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void However_many_customers_wait_only_the_fifty_with_most_have_a_value_of_their_own()
    {
        _recorded.Metrics.ObserveWaiters(() => [.. Enumerable.Range(1, 60).Select(number => KeyValuePair.Create($"c{number}", number))], 70);
        var values = _recorded.Take();
        Assert.Equal(52, values.Length);
        Assert.Equal("synccluster.waiters 60 {request} customer=c60", values[0]);
        Assert.Equal(["synccluster.waiters 55 {request} customer=(other)", "synccluster.waiters.limit 70 {request}"], values[^2..]);
    }
}
