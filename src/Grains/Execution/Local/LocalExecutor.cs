using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Runs scripts on this silo: a bounded queue and a fixed number of workers. Immediately before it starts a script, a worker has the job's grain
/// move the record from <c>ready</c> to <c>assigned</c>; a report of the end is repeated until it is acknowledged.
/// </summary>
internal sealed partial class LocalExecutor : BackgroundService, IJobExecutor, IJobRunner
{
    private static readonly StopReason ServerStopped =
        StopReason.Failure("The server was stopped while the script ran. The script may have run in part. It was not run again.");

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly IGrainFactory _grains;
    private readonly IClusterMembershipService _membership;
    private readonly ScriptRunner _runner;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly LocalExecutorOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<LocalExecutor> _logger;
    private readonly Channel<Ticket> _queue = Channel.CreateUnbounded<Ticket>();
    private readonly ConcurrentDictionary<(string JobId, Guid Attempt), Ticket> _held = new();
    private readonly ILocalSiloDetails _silo;
    private RunnerAddress? _address;
    private int _places;
    private volatile bool _draining;

    public LocalExecutor(
        IGrainFactory grains,
        ILocalSiloDetails silo,
        IClusterMembershipService membership,
        ScriptRunner runner,
        IHostApplicationLifetime lifetime,
        IOptions<LocalExecutorOptions> options,
        TimeProvider timeProvider,
        ILogger<LocalExecutor> logger)
    {
        _grains = grains;
        _silo = silo;
        _membership = membership;
        _runner = runner;
        _lifetime = lifetime;
        _options = options.Value;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    /// <inheritdoc/>
    public RunnerAddress Address => _address!;

    /// <inheritdoc/>
    public bool TryReserve()
    {
        if (_draining || _address is null)
        {
            return false;
        }

        if (Interlocked.Increment(ref _places) <= _options.QueueLimit + _options.Concurrency)
        {
            return true;
        }

        GiveBack();
        return false;
    }

    /// <inheritdoc/>
    public void Reserve() => Interlocked.Increment(ref _places);

    /// <inheritdoc/>
    public void GiveBack() => Interlocked.Decrement(ref _places);

    /// <inheritdoc/>
    public void Release(JobSpec spec, Guid attempt)
    {
        var ticket = new Ticket(spec, attempt);
        _held[(spec.JobId, attempt)] = ticket;
        _queue.Writer.TryWrite(ticket);
    }

    /// <inheritdoc/>
    public async ValueTask<Resumption> ResumeAsync(JobRecord record)
    {
        var runner = record.Runner!;
        var status = _membership.CurrentSnapshot.GetSiloStatus(runner.Silo);
        if (status == SiloStatus.None)
        {
            // Either it joined a moment ago, or it has been gone for so long that the table has forgotten it.
            await _membership.Refresh();
            status = _membership.CurrentSnapshot.GetSiloStatus(runner.Silo);
        }

        if (status is not (SiloStatus.Dead or SiloStatus.None))
        {
            try
            {
                if (await runner.Runner.Holds(record.Spec.JobId, record.Attempt))
                {
                    return new Resumption.KeepWaiting();
                }
            }
            catch (Exception fault)
            {
                LogNoWord(fault, record.Spec.JobId, runner.Silo);
                return new Resumption.KeepWaiting();
            }
        }

        if (_address is null || _draining)
        {
            return new Resumption.KeepWaiting();
        }

        return record.Lifecycle == Lifecycle.Ready ? new Resumption.TakeOver() : new Resumption.End(JobEnds.LostWithItsRunner());
    }

    /// <inheritdoc/>
    public async ValueTask<bool> StopAsync(JobRecord record)
    {
        try
        {
            return await record.Runner!.Runner.Stop(record.Spec.JobId, record.Attempt);
        }
        catch (Exception fault)
        {
            LogNoWord(fault, record.Spec.JobId, record.Runner!.Silo);
            return false;
        }
    }

    /// <inheritdoc/>
    public Task<bool> Holds(string jobId, Guid attempt) => Task.FromResult(_held.ContainsKey((jobId, attempt)));

    /// <inheritdoc/>
    public Task<bool> Stop(string jobId, Guid attempt)
    {
        var held = _held.TryGetValue((jobId, attempt), out var ticket);
        if (held)
        {
            ticket!.Canceled.Cancel();
        }

        return Task.FromResult(held);
    }

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // Here the silo runs, and this is no grain's turn: neither sooner nor later can the reference be made.
        _address = new(_silo.SiloAddress, _grains.CreateObjectReference<IJobRunner>(this));
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The whole host's stop, which comes before this service's own: running scripts get their time while answers can still be given.
        using var draining = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, _lifetime.ApplicationStopping);
        using var kill = new CancellationTokenSource();
        using var drain = draining.Token.Register(() =>
        {
            _draining = true;
            kill.CancelAfter(_options.DrainTime);
        });

        await Task.WhenAll(Enumerable.Range(0, _options.Concurrency).Select(_ => WorkAsync(draining.Token, kill.Token)));
    }

    private async Task WorkAsync(CancellationToken draining, CancellationToken kill)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                var ticket = await _queue.Reader.ReadAsync(draining);
                try
                {
                    await RunAsync(ticket, draining, kill);
                }
                catch (Exception fault) when (fault is not OperationCanceledException)
                {
                    LogRunFailed(fault, ticket.Spec.JobId);
                }
                finally
                {
                    _held.TryRemove((ticket.Spec.JobId, ticket.Attempt), out _);
                    GiveBack();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Draining. What is still queued has started nothing and is taken over by whoever asks for it.
        }
    }

    private async Task RunAsync(Ticket ticket, CancellationToken draining, CancellationToken kill)
    {
        var spec = ticket.Spec;
        var job = _grains.GetGrain<IJobGrain>(JobKey.Of(spec.Customer, spec.JobId));
        var task = _grains.GetGrain<ITaskGrain>(TaskKey.Of(spec.Customer, spec.TaskId));
        var run = Guid.NewGuid();

        // The script first: once the job is assigned, nothing but its run may stand between it and its end.
        var script = await InsistAsync(() => task.GetScript(spec.ScriptDigest!), _ => true, spec.JobId, draining);
        var assignment = await InsistAsync(() => job.Assign(ticket.Attempt, run, Address), answer => answer != Assignment.Retry, spec.JobId, draining);
        if (assignment != Assignment.Granted)
        {
            return;
        }

        var outcome = script is null
            ? JobEnds.NotRun("The task was deleted or replaced before the job could run.")
            : await ExecuteAsync(ticket, script, kill);
        await InsistAsync(() => job.Complete(run, outcome), answer => answer != Completion.Retry, spec.JobId, CancellationToken.None);
    }

    private async Task<JobOutcome> ExecuteAsync(Ticket ticket, byte[] script, CancellationToken kill)
    {
        var spec = ticket.Spec;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(kill, ticket.Canceled.Token);
        var ended = await _runner.RunAsync(
            new ScriptCommand
            {
                JobId = spec.JobId,
                Runas = spec.Runas,
                Filename = spec.Filename!,
                Script = script,
                Words = TaskArguments.Words(spec.Arguments),
                Environment = JobEnvironment.Of(spec),
                Timeout = spec.Timeout,
            },
            stop.Token);
        return ScriptResult.Read(ended, spec.DefaultStateEvaluation, ticket.Canceled.IsCancellationRequested ? StopReason.Canceled : ServerStopped);
    }

    /// <summary>Asks until there is an answer: a call that fails has perhaps been carried out, and all that are made here may be repeated.</summary>
    private async Task<T> InsistAsync<T>(Func<Task<T>> ask, Func<T, bool> isAnswer, string jobId, CancellationToken giveUp)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                var answer = await ask();
                if (isAnswer(answer))
                {
                    return answer;
                }
            }
            catch (Exception fault)
            {
                LogAskedInVain(fault, jobId);
            }

            await Task.Delay(pause, _timeProvider, giveUp);
        }
    }

    /// <summary>A job on this silo, from its release until its end is reported.</summary>
    private sealed record Ticket(JobSpec Spec, Guid Attempt)
    {
        public CancellationTokenSource Canceled { get; } = new();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: no word from its runner on {Silo}.")]
    private partial void LogNoWord(Exception fault, string job, SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job}: its run failed in the runner.")]
    private partial void LogRunFailed(Exception fault, string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job}: a call to its grain failed and will be repeated.")]
    private partial void LogAskedInVain(Exception fault, string job);
}
