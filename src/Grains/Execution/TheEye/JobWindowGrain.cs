using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Placement;
using SyncCluster.Jobs;
using SyncCluster.Placement;
using SyncCluster.Quotas;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// Keeps TheEye from deleting unread answers. Of a task it keeps the newest few jobs only; <see cref="JobWindow"/> says which jobs may
/// be created when.
/// <para>
/// <b>A call</b> of any gateway enters the window before its job is created, binds the job to its place, and the silo that has stored the job's end
/// has it leave. What is refused at TheEye withdraws. The queue has to be here, and not behind the creation as that of a serial task: it is the
/// creation that deletes.
/// </para>
/// <para>
/// <b>A place does not stay for ever.</b> Each message may be lost. So every few seconds the grain asks the jobs that keep others waiting whether
/// they have ended; that question also has the supervisor asked for them.
/// </para>
/// <para>
/// <b>All is in memory.</b> A new activation finds the jobs that silos monitor, and has no job created before these have left. If it may have
/// replaced another one (a silo was lost lately, or a ticket that it does not know asks again or binds), it lets nothing enter for some seconds, in which
/// jobs of a silo that has died are monitored again; nor does it before all silos have said which jobs they monitor.
/// </para>
/// </summary>
[GrainType("jobwindow"), CollectionAgeLimit(Minutes = 2), RandomPlacement, Reentrant]
internal sealed partial class JobWindowGrain(
    IGrainContext context,
    IGrainFactory grains,
    SiloInventoryClient inventory,
    JobOwners owners,
    IOptions<TheEyeOptions> options,
    TimeProvider timeProvider,
    ILogger<JobWindowGrain> logger) : IGrainBase, IJobWindowGrain
{
    /// <summary>Shorter than the call may take.</summary>
    private static readonly TimeSpan LongestAsk = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(2);

    /// <summary>Longer than gateways take to attach to the jobs of a silo that has died.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(10);

    /// <summary>A job without a record may still be on its way to its grain.</summary>
    private static readonly TimeSpan LongestSubmit = TimeSpan.FromMinutes(1);

    /// <summary>How much longer than its request a creation may take, at the gateway.</summary>
    private static readonly TimeSpan CreationMargin = TimeSpan.FromSeconds(10);

    /// <summary>The checks without any place or ticket before the grain leaves memory.</summary>
    private const int IdleChecks = 30;

    private readonly JobWindow _window = new(timeProvider);
    private readonly Dictionary<string, TaskCompletionSource> _asking = [];
    private readonly string[] _key = context.GrainId.Key.ToString()!.Split('/');
    private long _activatedAt;
    private bool _isSettling;
    private int _idleChecks;

    /// <inheritdoc/>
    public IGrainContext GrainContext => context;

    private string Customer => _key[0];

    private bool IsNew => timeProvider.GetElapsedTime(_activatedAt) < SettleTime;

    /// <inheritdoc/>
    public async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _activatedAt = timeProvider.GetTimestamp();
        SettleIf(!await FindJobsAsync());
        this.RegisterGrainTimer(CheckAsync, new GrainTimerCreationOptions(CheckInterval, CheckInterval) { Interleave = true, KeepAlive = true });
    }

    /// <inheritdoc/>
    public async Task<bool> Enter(WindowTicket ticket)
    {
        if (_window.Holds(ticket.Id))
        {
            return true;
        }

        SettleIf(ticket.IsRepeated && !_window.IsQueued(ticket.Id));
        _window.Enqueue(ticket);
        Admit();
        if (_window.Holds(ticket.Id))
        {
            return true;
        }

        if (!ticket.IsRepeated)
        {
            // However little time the call has, its gateway knows now that it waits for a place, and not for a silo.
            return false;
        }

        var asking = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _asking[ticket.Id] = asking;
        try
        {
            await asking.Task.WaitAsync(LongestAsk, timeProvider);
        }
        catch (TimeoutException)
        {
            // The gateway asks again.
        }

        if (_asking.GetValueOrDefault(ticket.Id) == asking)
        {
            _asking.Remove(ticket.Id);
        }

        return _window.Holds(ticket.Id);
    }

    /// <inheritdoc/>
    public Task Bind(string ticket, string jobId)
    {
        SettleIf(!_window.Bind(ticket, jobId));
        Admit();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Withdraw(string ticket)
    {
        _window.Withdraw(ticket);
        Admit();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Leave(string id)
    {
        _window.Leave(id);
        Admit();
        return Task.CompletedTask;
    }

    private void SettleIf(bool mayHaveMissedJobs)
    {
        if (IsNew && !_isSettling && (mayHaveMissedJobs || owners.HasLostSilo(SettleTime)))
        {
            _isSettling = true;
            LogSettling(context.GrainId);
        }
    }

    private void Admit()
    {
        if (_isSettling)
        {
            return;
        }

        foreach (var ticket in _window.Admit())
        {
            if (_asking.TryGetValue(ticket, out var asking))
            {
                asking.TrySetResult();
            }
        }
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (_isSettling)
        {
            var isComplete = await FindJobsAsync();
            _isSettling = !isComplete || IsNew || owners.HasLostSilo(SettleTime);
        }

        _window.Prune((2 * options.Value.RequestTimeout) + CreationMargin);
        await Task.WhenAll(_window.TakeChecks().Select(LeaveIfEndedAsync));
        Admit();
        _idleChecks = _window.IsEmpty ? _idleChecks + 1 : 0;
        if (_idleChecks > IdleChecks)
        {
            this.DeactivateOnIdle();
        }
    }

    /// <returns>Whether all silos have said which jobs they monitor.</returns>
    private async Task<bool> FindJobsAsync()
    {
        var (jobs, isComplete) = await inventory.HeldAsync(Customer);
        foreach (var job in jobs.Where(job => job.TaskId == _key[1]))
        {
            _window.AddFound(job.JobId);
        }

        return isComplete;
    }

    private async Task LeaveIfEndedAsync(string jobId)
    {
        try
        {
            if (await grains.GetJob(JobKey.Of(Customer, jobId)).Attach(null, Reading.Fresh) is var reply
                && (reply is JobReply.Finished || (reply is JobReply.NotFound && _window.HasHeld(jobId, LongestSubmit))))
            {
                _window.Leave(jobId);
            }
        }
        catch (Exception fault)
        {
            LogJobUnknown(fault, jobId);
        }
    }
}
