using System.Diagnostics.Metrics;
using Orleans.Storage;
using SyncCluster.Jobs;

namespace SyncCluster.Telemetry;

/// <summary>
/// What a gateway and a silo measure of their own work. Every instrument is made here, so that its name, unit and meaning stand in one place;
/// <c>docs/operations.md</c> has them as a table. An instrument that nothing listens to costs a check.
/// <para>
/// Values that are only read when somebody asks (gauges) are given by what has them: the <c>Observe…</c> methods, each called once by its owner.
/// </para>
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "SyncCluster";

    /// <summary>
    /// The bounds of the buckets, in seconds, of what lasts as long as a job or a wait for it: a millisecond to an hour.
    /// </summary>
    public static readonly double[] WaitBuckets =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

    /// <summary>Customers that have a value of their own; the others are one value together.</summary>
    private const int MostCustomers = 50;

    private const string OtherCustomers = "(other)";

    private readonly Meter _meter;
    private readonly Tally<string> _waitsEnded = new(outcome => [Tag("outcome", outcome)]);
    private readonly Tally<bool> _jobsSubmitted = new(_ => []);
    private readonly Tally<(JobState State, Lifecycle Lifecycle)> _jobsEnded = new(
        end => [Tag("state", end.State.WireName()), Tag("lifecycle", end.Lifecycle.WireName())]);

    private readonly Durations<string> _waitDuration;
    private readonly Durations<bool> _deliveryDuration;
    private readonly Counter<long> _reattaches;
    private readonly Durations<JobState> _jobDuration;
    private readonly Durations<bool> _queueDuration;
    private readonly Counter<long> _pushFailures;
    private readonly Durations<string> _storageDuration;
    private readonly Counter<long> _storageFailures;
    private readonly Counter<long> _quotaRejections;
    private readonly Counter<long> _theEyeRequests;

    public ServerMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _meter.CreateObservableCounter("synccluster.waits.ended", ReadWaitsEnded, "{wait}", "Waits for a job that have ended, by outcome.");
        _waitDuration = new(
            Duration("synccluster.wait.duration", "How long a request has waited for its job, by outcome."), outcome => [Tag("outcome", outcome)]);
        _deliveryDuration = new(
            Duration(
                "synccluster.completion.delivery.duration",
                "From the moment a job's end was stored until the gateway begins to answer a request that waits for it."),
            _ => []);
        _reattaches = _meter.CreateCounter<long>("synccluster.reattaches", "{call}", "Calls by which a gateway has renewed its subscription to a job.");
        _meter.CreateObservableCounter("synccluster.jobs.submitted", _jobsSubmitted.Read, "{job}", "New jobs that were stored.");
        _meter.CreateObservableCounter("synccluster.jobs.ended", _jobsEnded.Read, "{job}", "Jobs whose end was stored, by lifecycle and state.");
        _jobDuration = new(
            Duration("synccluster.job.duration", "From a job's creation until its end was stored, by state."), state => [Tag("state", state.WireName())]);
        _queueDuration = new(Duration("synccluster.job.queue.duration", "From a job's release to a silo until its script may start."), _ => []);
        _pushFailures = _meter.CreateCounter<long>("synccluster.push.failures", "{push}", "Messages with completions that a gateway did not acknowledge.");
        _storageDuration = new(
            Duration("synccluster.storage.duration", "Reads and writes of jobs and task queues in the storage, by operation."),
            operation => [Tag("operation", operation)]);
        _storageFailures = _meter.CreateCounter<long>(
            "synccluster.storage.failures", "{operation}", "Reads and writes that failed; a write may have been stored all the same.");
        _quotaRejections = _meter.CreateCounter<long>("synccluster.quota.rejections", "{request}", "Requests and jobs that were refused, by limit.");
        _theEyeRequests = _meter.CreateCounter<long>("synccluster.theeye.requests", "{request}", "Requests to TheEye, by outcome.");
    }

    /// <inheritdoc/>
    public void Dispose() => PassOnDurations();

    /// <summary>A request waits no more for a job.</summary>
    public void WaitEnded(string outcome, TimeSpan waited)
    {
        _waitsEnded.Add(outcome);
        _waitDuration.Add(outcome, waited);
    }

    /// <summary>A request that has waited is about to be answered with its job's end.</summary>
    public void CompletionDelivered(TimeSpan sinceEnd) => _deliveryDuration.Add(true, sinceEnd);

    /// <summary>A gateway attaches again to a job that it waits for.</summary>
    public void Reattached() => _reattaches.Add(1);

    /// <summary>A new job was stored.</summary>
    public void JobSubmitted() => _jobsSubmitted.Add(true);

    /// <summary>A job's end was stored.</summary>
    public void JobEnded(JobRecord ended)
    {
        _jobsEnded.Add((ended.State, ended.Lifecycle));
        var lasted = ended.LastUpdate - ended.Spec.CreatedAt;
        _jobDuration.Add(ended.State, lasted > TimeSpan.Zero ? lasted : TimeSpan.Zero);
    }

    /// <summary>A job's script may start.</summary>
    public void JobAssigned(TimeSpan queued) => _queueDuration.Add(true, queued);

    /// <summary>A message with completions was not acknowledged.</summary>
    public void PushFailed() => _pushFailures.Add(1);

    /// <summary>The storage was read.</summary>
    public void StorageRead(TimeSpan duration) => _storageDuration.Add("read", duration);

    /// <summary>The storage was written.</summary>
    public void StorageWritten(TimeSpan duration) => _storageDuration.Add("write", duration);

    /// <summary>A read has failed.</summary>
    public void StorageReadFailed() => _storageFailures.Add(1, Tag("operation", "read"));

    /// <summary>A write has failed, or its outcome is unknown. That another activation has written before is no failure of the storage.</summary>
    public void StorageWriteFailed(Exception? fault = null)
    {
        if (fault is not InconsistentStateException)
        {
            _storageFailures.Add(1, Tag("operation", "write"));
        }
    }

    /// <summary>A request or a job was refused because of a limit.</summary>
    public void Rejected(string limit) => _quotaRejections.Add(1, Tag("limit", limit));

    /// <summary>TheEye has answered a request, or has not.</summary>
    public void TheEyeAnswered(string outcome) => _theEyeRequests.Add(1, Tag("outcome", outcome));

    /// <param name="waiters">The requests that wait, by customer.</param>
    /// <param name="limit">How many of one customer may wait.</param>
    public void ObserveWaiters(Func<IReadOnlyCollection<KeyValuePair<string, int>>> waiters, int limit)
    {
        _meter.CreateObservableUpDownCounter(
            "synccluster.waiters", () => ByCustomer(waiters()), "{request}", "Requests that wait for their job, by customer.");
        _meter.CreateObservableUpDownCounter("synccluster.waiters.limit", () => limit, "{request}", "Requests of one customer that may wait.");
    }

    /// <param name="length">Jobs that wait for a worker of this silo.</param>
    /// <param name="running">Scripts that run on this silo.</param>
    /// <param name="held">Jobs that this silo holds: those that run, those that wait for a worker, and those that wait for their task.</param>
    /// <param name="capacity">How many scripts may run on this silo at once.</param>
    public void ObserveExecutor(Func<int> length, Func<int> running, Func<int> held, int capacity)
    {
        _meter.CreateObservableUpDownCounter("synccluster.queue.length", length, "{job}", "Jobs that wait for a worker of this silo.");
        _meter.CreateObservableUpDownCounter("synccluster.scripts.running", running, "{script}", "Scripts that run on this silo.");
        _meter.CreateObservableUpDownCounter(
            "synccluster.jobs.held", held, "{job}", "Jobs that this silo has to run: those that run and those that wait. Scale by this one.");
        _meter.CreateObservableUpDownCounter("synccluster.scripts.capacity", () => capacity, "{script}", "Scripts that may run on this silo at once.");
    }

    /// <param name="offset">What the machine's clock lacks to that of Redis.</param>
    public void ObserveClockSkew(Func<TimeSpan> offset) => _meter.CreateObservableGauge(
        "synccluster.clock.skew", () => offset().TotalSeconds, "s", "How far the clock of Redis is ahead of this machine's.");

    /// <param name="remaining">For how long the certificate is still valid that the server shows to others of its cluster.</param>
    public void ObserveCertificate(Func<TimeSpan> remaining) => _meter.CreateObservableGauge(
        "synccluster.certificate.remaining", () => remaining().TotalSeconds, "s", "For how long the certificate of the cluster (Cluster:Tls) is still valid.");

    /// <param name="count">Open connections of clients.</param>
    /// <param name="limit">How many there may be.</param>
    /// <param name="files">Files that the process has open; null if the system does not tell.</param>
    /// <param name="fileLimit">How many files it may have open; null for no limit.</param>
    public void ObserveConnections(Func<int> count, int limit, Func<int?> files, int? fileLimit)
    {
        _meter.CreateObservableUpDownCounter("synccluster.connections", count, "{connection}", "Open connections of clients.");
        _meter.CreateObservableUpDownCounter("synccluster.connections.limit", () => limit, "{connection}", "Connections that may be open.");
        _meter.CreateObservableUpDownCounter(
            "synccluster.files.open", () => Measured(files()), "{file}", "Files that the process has open, connections among them.");
        _meter.CreateObservableUpDownCounter("synccluster.files.limit", () => Measured(fileLimit), "{file}", "Files that the process may have open.");
    }

    /// <summary>Is called at each collection, before the values of histograms are taken: what these have kept is passed on in time.</summary>
    private IEnumerable<Measurement<long>> ReadWaitsEnded()
    {
        PassOnDurations();
        return _waitsEnded.Read();
    }

    private void PassOnDurations()
    {
        _waitDuration.PassOn();
        _deliveryDuration.PassOn();
        _jobDuration.PassOn();
        _queueDuration.PassOn();
        _storageDuration.PassOn();
    }

    private Histogram<double> Duration(string name, string description) => _meter.CreateHistogram(
        name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = WaitBuckets });

    private static IEnumerable<Measurement<int>> Measured(int? value) => value is { } known ? [new(known)] : [];

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    /// <summary>The customers that have most, and the sum of the others: the number of customers is not limited, that of a metric's values must be.</summary>
    private static IEnumerable<Measurement<int>> ByCustomer(IReadOnlyCollection<KeyValuePair<string, int>> counts)
    {
        var ordered = counts.OrderByDescending(count => count.Value).ToList();
        foreach (var (customer, count) in ordered.Take(MostCustomers))
        {
            yield return new(count, Tag("customer", customer));
        }

        if (ordered.Count > MostCustomers)
        {
            yield return new(ordered.Skip(MostCustomers).Sum(count => count.Value), Tag("customer", OtherCustomers));
        }
    }
}
