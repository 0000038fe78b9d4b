using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Quotas;
using SyncCluster.Scripts;
using SyncCluster.SerialTasks;
using SyncCluster.Tasks;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Runs scripts on this silo: a bounded queue, fair between customers, and a fixed number of workers. Immediately before it starts a script, a worker
/// has the job's grain move the record from <c>ready</c> to <c>assigned</c>; a report of the end is repeated until it is acknowledged. Jobs of a task
/// that runs one at a time come to the queue when their turn has come.
/// <para>
/// A silo that stops takes no new jobs, lets the running ones end for a configured time, and has those that wait taken over by another silo, if there
/// is one. It begins when the host is told to stop, and has the silo wait for it while the grains still answer.
/// </para>
/// </summary>
internal sealed partial class LocalExecutor : IJobExecutor, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private const int HandOversAtOnce = 64;

    /// <summary>Bytes of a log that are sent in one message.</summary>
    private const int LogAtOnce = 64 << 10;

    private static readonly StopReason ServerStopped =
        StopReason.Failure("The server was stopped while the script ran. The script may have run in part. It was not run again.");


    private readonly IGrainFactory _grains;
    private readonly IClusterMembershipService _membership;
    private readonly ScriptRunner _runner;
    private readonly RunnerServiceClient _runners;
    private readonly QueueHandover _handOver;
    private readonly CompletionPublisher _pushes;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly LocalExecutorOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<LocalExecutor> _logger;
    private readonly FairJobScheduler _queue;
    private readonly QueueCapacity _places;
    private readonly RetryPipeline _retries;
    private readonly Lazy<SerialTaskWaiters> _waitingForTurn;
    private readonly ConcurrentDictionary<(string JobId, Guid Attempt), QueuedJob> _held = new();
    private readonly ILocalSiloDetails _silo;
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _kill = new();
    private Task _work = Task.CompletedTask;
    private volatile bool _started;

    public LocalExecutor(
        IGrainFactory grains,
        ILocalSiloDetails silo,
        IClusterMembershipService membership,
        ScriptRunner runner,
        RunnerServiceClient runners,
        QueueHandover handOver,
        CompletionPublisher pushes,
        IHostApplicationLifetime lifetime,
        IOptions<LocalExecutorOptions> options,
        TimeProvider timeProvider,
        ILogger<LocalExecutor> logger)
    {
        _grains = grains;
        _silo = silo;
        _membership = membership;
        _runner = runner;
        _runners = runners;
        _handOver = handOver;
        _pushes = pushes;
        _lifetime = lifetime;
        _options = options.Value;
        _timeProvider = timeProvider;
        _logger = logger;
        _queue = new(_options.Concurrency, _options.SpareWorkers, timeProvider);
        _places = new(_options.QueueLimit + _options.Concurrency);
        _retries = new(RetryPolicy.Runner, timeProvider, LogAskedInVain);

        // Not before the silo has its address.
        _waitingForTurn = new(() => new(grains, Address, Queue, Drop, timeProvider, logger));
    }

    /// <inheritdoc/>
    public SiloAddress Address => _silo.SiloAddress;

    /// <inheritdoc/>
    public Reservation TryReserve(string customer) => !TakesJobs ? Reservation.NotAccepting : _places.TryTake(customer) ? Reservation.Reserved : Reservation.QueueFull;

    /// <inheritdoc/>
    public void Reserve(string customer) => _places.Take(customer);

    /// <inheritdoc/>
    public void CancelReservation(string customer) => _places.GiveBack(customer);

    /// <inheritdoc/>
    public void Release(Release release)
    {
        var ticket = new QueuedJob(release.Spec, release.Attempt);
        _held[(release.Spec.JobId, release.Attempt)] = ticket;
        if (!release.Spec.RunsSerially || !_waitingForTurn.Value.TryEnter(ticket))
        {
            Queue(ticket);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<CountedJob> JobsOf(string customer) =>
        _held.Values.Where(ticket => ticket.Spec.Customer == customer).Select(ticket => CountedJob.Of(ticket.Spec));

    /// <inheritdoc/>
    public async ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens)
    {
        if (await IsHeldAsync(record))
        {
            return new Resumption.KeepWaiting();
        }

        if (!TakesJobs)
        {
            return new Resumption.NotAccepting();
        }

        return record.Lifecycle == Lifecycle.Ready ? new Resumption.TakeOver() : new Resumption.End(ServerOutcomes.LostWithItsRunner());
    }

    /// <inheritdoc/>
    public async ValueTask<bool> StopAsync(JobRecord record)
    {
        try
        {
            return await _runners.On(record.Runner!).Stop(record.Spec.JobId, record.Attempt);
        }
        catch (Exception fault)
        {
            LogNoWord(fault, record.Spec.JobId, record.Runner!);
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from)
    {
        if (record.Lifecycle != Lifecycle.Assigned)
        {
            return null;
        }

        try
        {
            return record.Runner!.Equals(Address)
                ? ReadLog(record.Spec.JobId, record.Attempt, from)
                : await _runners.On(record.Runner).ReadLog(record.Spec.JobId, record.Attempt, from);
        }
        catch (Exception fault)
        {
            LogNoWord(fault, record.Spec.JobId, record.Runner!);
            return null;
        }
    }

    /// <summary>What the job's script has printed here from a place on; null where it is not here.</summary>
    public JobLog? ReadLog(string jobId, Guid attempt, long from) =>
        _held.TryGetValue((jobId, attempt), out var ticket) && ticket.Log?.Read(from, LogAtOnce) is { } part ? new JobLog(part.From, part.Text) : null;

    /// <summary>Whether the job's attempt is queued or running here, or its end still being reported.</summary>
    public bool Holds(string jobId, Guid attempt) => _held.ContainsKey((jobId, attempt));

    /// <summary>Stops the job's run. False: it is not here.</summary>
    public bool Stop(string jobId, Guid attempt)
    {
        var held = _held.TryGetValue((jobId, attempt), out var ticket);
        if (held)
        {
            ticket!.Canceled.Cancel();
        }

        return held;
    }

    /// <summary>The line of the job's task says that its turn has come.</summary>
    /// <param name="key">The job's <see cref="JobKey"/>.</param>
    public void TurnHasCome(string key) => _waitingForTurn.Value.TurnHasCome(key);

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        // Started before the silo takes grains, stopped after it is known to stop and before its grains leave.
        lifecycle.Subscribe(nameof(LocalExecutor), ServiceLifecycleStage.ApplicationServices, StartAsync);
        lifecycle.Subscribe(nameof(LocalExecutor), ServiceLifecycleStage.BecomeActive, _ => Task.CompletedTask, StopAsync);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _drain.Dispose();
        _kill.Dispose();
    }

    /// <inheritdoc/>
    public bool IsStopping => _drain.IsCancellationRequested;

    private bool TakesJobs => _started && !IsStopping;

    /// <summary>Whether the job's runner has it, or may have it: nobody can say.</summary>
    private async ValueTask<bool> IsHeldAsync(JobRecord record)
    {
        var silo = record.Runner!;
        if (silo.Equals(Address))
        {
            return Holds(record.Spec.JobId, record.Attempt);
        }

        try
        {
            var status = _membership.CurrentSnapshot.GetSiloStatus(silo);
            if (status == SiloStatus.None)
            {
                // Either it joined a moment ago, or it has been gone for so long that the table has forgotten it.
                await _membership.Refresh();
                status = _membership.CurrentSnapshot.GetSiloStatus(silo);
            }

            if (status is SiloStatus.Dead or SiloStatus.None)
            {
                return false;
            }

            return await _runners.On(silo).Holds(record.Spec.JobId, record.Attempt);
        }
        catch (Exception fault)
        {
            LogNoWord(fault, record.Spec.JobId, silo);

            // What is queued at a silo that stops has started nothing, and loses its right to when it is taken over.
            return record.Lifecycle != Lifecycle.Ready || !_membership.CurrentSnapshot.GetSiloStatus(silo).IsTerminating();
        }
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        _started = true;
        _work = Task.WhenAll(Enumerable.Range(0, _options.Concurrency).Select(_ => WorkAsync())
            .Append(HandOverAsync()).Append(_waitingForTurn.Value.AskFromTimeToTimeAsync(_drain.Token)));

        // The whole host's stop, which comes before the silo's own: running scripts get their time while answers can still be given.
        _lifetime.ApplicationStopping.Register(Drain);
        return Task.CompletedTask;
    }

    private void Drain()
    {
        if (!_drain.IsCancellationRequested)
        {
            _drain.Cancel();
            _kill.CancelAfter(_options.DrainTime);
        }
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        Drain();
        _queue.Close();
        await _work.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _pushes.DrainAsync(cancellationToken);
    }

    private async Task WorkAsync()
    {
        await Task.Yield();
        try
        {
            while (await _queue.NextAsync(_drain.Token) is { } ticket)
            {
                try
                {
                    await RunAsync(ticket);
                }
                catch (OperationCanceledException)
                {
                    await HandOverAsync(ticket);
                }
                catch (Exception fault)
                {
                    LogRunFailed(fault, ticket.Spec.JobId);
                }
                finally
                {
                    _queue.Ended(ticket);
                    Drop(ticket);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Draining.
        }
    }

    /// <summary>From the beginning of the drain on: what still waits has started nothing, and is released by another silo.</summary>
    private async Task HandOverAsync()
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, _drain.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // No worker gets them: it takes nothing that comes to the queue from now on.
        _waitingForTurn.Value.Close(Queue);
        await Task.WhenAll(Enumerable.Range(0, HandOversAtOnce).Select(async _ =>
        {
            while (await _queue.LeftAsync() is { } ticket)
            {
                await HandOverAsync(ticket);
            }
        }));
    }

    private Task HandOverAsync(QueuedJob ticket)
    {
        Drop(ticket);
        return _handOver.RunAsync(ticket);
    }

    private void Queue(QueuedJob ticket)
    {
        if (!_queue.TryAdd(ticket))
        {
            Drop(ticket);
        }
    }

    private IJobGrain JobOf(JobSpec spec) => _grains.GetJob(JobKey.Of(spec.Customer, spec.JobId));

    private void Drop(QueuedJob ticket)
    {
        if (_held.TryRemove((ticket.Spec.JobId, ticket.Attempt), out _))
        {
            CancelReservation(ticket.Spec.Customer);
        }
    }

    private async Task RunAsync(QueuedJob ticket)
    {
        var spec = ticket.Spec;
        var job = JobOf(spec);
        var task = _grains.GetGrain<ITaskGrain>(TaskKey.Of(spec.Customer, spec.TaskId));
        var run = Guid.NewGuid();

        // The script first: once the job is assigned, nothing but its run may stand between it and its end.
        var script = await _retries.ExecuteAsync(spec.JobId, () => task.GetScript(spec.ScriptDigest!), _ => true, _drain.Token);
        var assignment = await _retries.ExecuteAsync(
            spec.JobId, () => job.Assign(ticket.Attempt, run, Address), answer => answer != Assignment.Retry, _drain.Token);
        if (assignment != Assignment.Granted)
        {
            return;
        }

        var outcome = script is null
            ? ServerOutcomes.NotRun("The task was deleted or replaced before the job could run.")
            : await EndOfAsync(ticket, script);
        await _retries.ExecuteAsync(spec.JobId, () => job.Complete(run, outcome), answer => answer != Completion.Retry, CancellationToken.None);
    }

    /// <summary>The end of a run, whatever happens: once the job is assigned, nobody else ends it.</summary>
    private async Task<JobOutcome> EndOfAsync(QueuedJob ticket, byte[] script)
    {
        try
        {
            return await ExecuteAsync(ticket, script);
        }
        catch (Exception fault)
        {
            LogRunFailed(fault, ticket.Spec.JobId);
            return ServerOutcomes.NotRun("The server has failed at the job. Its script may have run, in part or to its end; it was not run again.");
        }
    }

    private async Task<JobOutcome> ExecuteAsync(QueuedJob ticket, byte[] script)
    {
        var spec = ticket.Spec;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_kill.Token, ticket.Canceled.Token);
        var ended = await _runner.RunAsync(
            new ScriptCommand
            {
                JobId = spec.JobId,
                Runas = spec.Runas,
                Filename = spec.Filename!,
                Script = script,
                Words = TaskArguments.Words(spec.Arguments),
                Environment = JobEnvironment.Of(spec, _timeProvider.GetUtcNow()),
                Timeout = spec.Timeout,
                Started = log => ticket.Log = log,
            },
            stop.Token);
        return OutcomeReader.Read(ended, spec.DefaultStateEvaluation, ticket.Canceled.IsCancellationRequested ? StopReason.Canceled : ServerStopped);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: no word from its runner on {Silo}.")]
    private partial void LogNoWord(Exception fault, string job, SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job}: its run failed in the runner.")]
    private partial void LogRunFailed(Exception fault, string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job}: a call to its grain failed and will be repeated.")]
    private partial void LogAskedInVain(Exception fault, string job);
}
