using Microsoft.Extensions.Logging;
using Orleans.Placement;
using SyncCluster.Execution;
using SyncCluster.Placement;
using SyncCluster.Quotas;
using SyncCluster.SerialTasks;
using SyncCluster.Tasks;

namespace SyncCluster.Jobs;

/// <summary>
/// One job, and the gateways that wait for it. This is the waiting protocol; I1 to I9 are its rules.
/// <para>
/// <b>No call waits for the job.</b> Each call is short and idempotent, and calls run one at a time: the grain is not reentrant. The HTTP request
/// waits in the memory of its gateway. The grain keeps one subscription for each gateway, and pushes the finished job to it. Only
/// <see cref="Follow"/> interleaves with other calls; it reads the record in memory and changes nothing.
/// </para>
/// <para>
/// <b>States.</b> No record → <c>ready</c> → <c>assigned</c> → ended. A <c>ready</c> record is a fence: it holds the id of an attempt, and the
/// activation that wrote it may release the job to the executor, once. <c>assigned</c> means that one run of one runner has won a compare-and-swap
/// and may start the script; no other run ever may, and only an end follows. The record of a dummy task is created as ended. The record of a job that
/// TheEye runs is <c>syncing</c> (this cluster releases it) or <c>assigned</c> (TheEye has released it) until its end.
/// </para>
/// <para>
/// <b>Who calls, and when.</b> A gateway calls <see cref="Submit"/> for a new job and for each repeat of the call, or <see cref="SubmitIfCurrent"/> if
/// it has not read the task for the call; <see cref="Attach"/> to keep a wait alive, and a last time before the waiter's deadline (I5); <see
/// cref="Leave"/> or <see cref="Disconnect"/> when its last waiter is gone. A runner calls <see cref="Assign"/> immediately before it starts the
/// script, and repeats <see cref="Complete"/> until the end is acknowledged; an executor whose jobs run in an external system repeats <see
/// cref="JobGrainExtensions.CompleteExternal"/>. <see cref="Cancel"/> and <see cref="Terminate"/> may come at any time.
/// </para>
/// <para>
/// <b>A job is released at most once (I2).</b> Records change only by compare-and-swap on their ETag. If the outcome of a write is unknown, the same
/// step is written again under the same ETag until a read shows which step is stored; nothing that depends on the step happens before. A job that is
/// taken over gets a new attempt, and every older attempt loses its right to be assigned, wherever it is queued. A submit that is late, for example
/// because its process was frozen, releases nothing: its client may have been told that there is no such job.
/// </para>
/// <para>
/// <b>No completion is lost, and none changes (I1, I3, I4).</b> The subscription comes before the release. An end is stored before memory changes,
/// before the runner gets its answer, and before it is pushed. A report is rejected only on a record that was just read. However the grain learns
/// of an end (a report, a read, the executor), it pushes the end to all subscribers. An ended record never changes, but it may be removed.
/// </para>
/// <para>
/// <b>Waiters outlive servers (I7, I8, I9).</b> The next Attach of a gateway makes up for a push that has failed three times. An Attach to an
/// unfinished job reads storage if the record in memory is old or the membership has changed, so that a stale second activation can't keep a waiter
/// waiting. It also asks the executor whether it still holds the job: there is no sweeper, the next caller resolves a lost job; where one process has all jobs, it calls for each itself after a restart. An activation that is
/// deactivated asks its subscribers to attach again. While its silo stops, that message may not arrive: the replies say so, and gateways attach again
/// each second until another silo has the grain.
/// </para>
/// <para>
/// <b>How a job finds its silo.</b> The silo that owns a job is computed from the active silos (<see cref="RendezvousHash"/>), by whoever sends it a
/// message: gateways of several silos send theirs to the owner's door (<see cref="Doors.IJobDoor"/>). There is no directory, and a message is never
/// turned away: each activation answers. So a job has two activations while silos see the cluster differently, and nothing above depends on there
/// being one: what must happen once is decided by compare-and-swap in storage, whichever activation asks. Only subscriptions are in the memory of
/// one. An activation that does not own its job says so in its reply to a submit or an attach, and then leaves memory; its gateway attaches again, to the
/// owner. When the membership changes, each silo has the jobs that it does not own any more leave its memory (<see cref="OwnershipMonitor"/>), and their
/// gateways are subscribed at the new owner (<see cref="JobHandover"/>). Gateways see the change as well, and attach again. An end that is stored by an activation
/// that does not own the job is told to the owner. What all that misses, the regular Attach finds within a minute.
/// </para>
/// <para>
/// <b>Disconnects (I6).</b> A job whose call asked for that is canceled when the client of its last waiter disconnects. No activation alone knows all
/// waiters, so the record says which gateways have waited, and which activation counts them (<see cref="JobWaiters"/>). Another activation that is
/// attached to becomes the one that counts, before it replies, and counts from nothing. Only an activation that still counts by a fresh read, that
/// all these gateways have attached to, and that has no subscriber left, cancels the job, after it has stored that nobody waits. A gateway that is
/// lost has not disconnected. A Leave is stored before it is acknowledged, and after it the job is not canceled any more, since a client was told
/// where to find it. The client's answer does not wait for that: until the Leave is acknowledged, its gateway is a subscriber, or one that is lost, and
/// reports no disconnect.
/// </para>
/// <para>
/// <b>Limits.</b> <see cref="JobAdmission"/> checks quotas only for a new job, before any of it is stored. When the end is stored, the job gives back
/// its quota, and its place in the queue of a serial task. Both messages may be lost: <see cref="QuotaGrain"/> and <see cref="TaskQueueGrain"/> also
/// ask the job whether it has ended, by an Attach without a subscription.
/// </para>
/// <para>
/// <b>Repeated calls.</b> All repeats of a call submit the same job id. The record holds the fingerprint of the request, and a repeat that asks for
/// something else gets <see cref="JobReply.IdempotencyConflict"/>. A job that TheEye has allocated and that is never submitted is ended by the same
/// create-if-absent that would submit it (<see cref="CancelUnsubmitted"/>): either the repeat wins or the clean-up, never both.
/// </para>
/// <para>
/// <b>Removal.</b> The record of an ended job may be removed before it expires (<see cref="Remove"/>), but not soon after its end: a submit of the same
/// call that is under way would create the job again, and a waiter may have missed the push. What keeps a repeat of a call from running the task again is its
/// record, so the job of a call with an idempotency key leaves one without arguments, output and caller, whose fault says that it was removed; it expires as
/// any other. A job whose id nobody can make again leaves nothing.
/// </para>
/// <para>
/// <b>Storage faults never leave this class (I3).</b> They become <see cref="JobReply.Unavailable"/>, <see cref="Assignment.Retry"/>,
/// <see cref="Completion.Retry"/> or <see cref="Cancellation.Unavailable"/>: an exception that escaped could deactivate the grain and drop its
/// subscribers.
/// </para>
/// </summary>
[GrainType("job"), CollectionAgeLimit(Minutes = 2)]

// Only silos of version 0.1 go by this, beside silos of this version. JobPlacementResolver says where this version has it.
[RandomPlacement]
internal sealed partial class JobGrain(
    IGrainContext context,
    JobStorage storage,
    IJobExecutor executor,
    JobAdmission admission,
    TaskRevisions taskRevisions,
    IGrainFactory grains,
    JobOwners owners,
    JobHandover handover,
    ActiveJobs activeJobs,
    CompletionPublisher publisher,
    JobEvents events,
    TimeProvider timeProvider,
    ILogger<JobGrain> logger) : IGrainBase, IJobGrain
{
    /// <summary>How long an ended job is kept at least: longer than a gateway repeats a submit, and than a waiter takes to attach again.</summary>
    internal static readonly TimeSpan LeastAge = TimeSpan.FromMinutes(10);

    private static readonly DeactivationReason Moved = new(DeactivationReasonCode.ApplicationRequested, "Another silo owns the job now.");

    private readonly JobStore _store = new(context.GrainId, storage);
    private readonly JobSubscribers _subscribers = new(context.GrainId.Key.ToString()!, publisher);
    private readonly CallerTokens _tokens = new();
    private readonly Guid _attempt = Guid.NewGuid();

    private Guid? _counter;

    /// <summary>Whether the executor is known to hold the job, so that it need not be asked.</summary>
    private bool _executorHoldsJob;

    /// <summary>The gateways that have attached since this activation counts the waiters; null if it does not.</summary>
    private HashSet<GrainId>? _counted;

    private volatile bool _isMoving;

    /// <summary>The type of the grains of jobs.</summary>
    public static GrainType Type { get; } = GrainType.Create("job");

    /// <inheritdoc/>
    public IGrainContext GrainContext => context;

    /// <inheritdoc/>
    public Task<JobReply> Submit(JobSpec spec, Subscription subscription, DateTimeOffset validUntil) =>
        Now > validUntil ? Task.FromResult<JobReply>(new JobReply.Unavailable())

        // A new job is created without a read: the write fails if the record exists.
        : _store.Record is not null ? SubmitAgainAsync(spec, subscription, validUntil)
        : spec.Type == TaskType.Dummy ? CreateEndedAsync(spec, subscription)
        : CreateAsync(null, spec, subscription, validUntil);

    /// <inheritdoc/>
    public Task<JobReply> SubmitIfCurrent(JobSpec spec, Subscription subscription, DateTimeOffset validUntil, Guid taskRevision) =>
        taskRevisions.IsKnownAsCurrent(TaskKey.Of(spec.Customer, spec.TaskId), taskRevision)
            ? Submit(spec, subscription, validUntil)
            : SubmitOnceKnownAsync(spec, subscription, validUntil, taskRevision);

    /// <inheritdoc/>
    public Task<JobReply> Attach(Subscription? subscription, Reading reading) => AnswerAsync(subscription, reading);

    /// <inheritdoc/>
    public async Task<JobProgress?> Follow(long from) =>
        _store.Record is { HasEnded: false } record ? new(record.Lifecycle, await executor.ReadLogAsync(record, from)) : null;

    /// <inheritdoc/>
    public async Task Leave(Subscription subscription)
    {
        // The client was told where to find the job: no activation may cancel it any more. Until that is stored, its gateway still waits.
        if (!await LoadAsync() || !await StopCountingAsync())
        {
            throw new OrleansException("Storage can't be reached.");
        }

        _subscribers.Remove(subscription);
        PushIfEnded();
        DeactivateIfUnknown();
    }

    /// <inheritdoc/>
    public async Task<Cancellation> Disconnect(Subscription subscription)
    {
        _subscribers.Remove(subscription);
        DeactivateIfUnknown();
        if (_subscribers.Count > 0 || _counted is null)
        {
            return Cancellation.NotFound;
        }

        _store.Invalidate();
        return !await LoadAsync() ? Cancellation.Unavailable : _store.Record switch
        {
            { HasEnded: true } => Cancellation.AlreadyEnded,
            { Waiters: { } waiters } record when waiters.Counter == Counter && waiters.Gateways.All(_counted.Contains) =>
                await CancelUnawaitedAsync(record, waiters),
            _ => Cancellation.NotFound,
        };
    }

    /// <inheritdoc/>
    public async Task<Cancellation> CancelUnsubmitted(JobSpec spec)
    {
        _store.Invalidate();
        if (!await LoadAsync())
        {
            return Cancellation.Unavailable;
        }

        return _store.Record switch
        {
            null => await CreateCanceledAsync(spec),

            // A caller has attached to the job under its id, but it was not submitted.
            { HasEnded: false, Spec.Origin: JobOrigin.ExternallyReleased } external => await EndEarlyAsync(external, ServerOutcomes.NeverSubmitted),
            { Fault: { } fault } when fault == ServerOutcomes.NeverSubmitted.Fault => Cancellation.Accepted,
            _ => Cancellation.AlreadyEnded,
        };
    }

    /// <inheritdoc/>
    public async Task<Assignment> Assign(Guid attempt, Guid run, SiloAddress runner)
    {
        if (!await LoadAsync(record => record.IsAssignedTo(run) || record.MayBeAssignedTo(attempt)))
        {
            return Assignment.Retry;
        }

        if (_store.Record is not { } record)
        {
            return Assignment.Refused;
        }

        if (record.IsAssignedTo(run))
        {
            return Assignment.Granted;
        }

        if (!record.MayBeAssignedTo(attempt))
        {
            return Assignment.Refused;
        }

        using var part = events.Begin("assign job", record.Spec);
        switch (await _store.CommitAsync(record, record.AssignedTo(run, runner, Now)))
        {
            case WriteOutcome.Applied:
                events.Assigned(record.Spec, run, runner);
                return Assignment.Granted;
            case WriteOutcome.Superseded:
                return Assignment.Refused;
            default:
                return Assignment.Retry;
        }
    }

    /// <inheritdoc/>
    public async Task<Completion> Complete(Guid run, JobOutcome outcome)
    {
        if (!await LoadAsync(record => record.Run == run))
        {
            return Completion.Retry;
        }

        if (_store.Record is { HasEnded: false } record && record.Run == run)
        {
            // As EndAsync, which would be one more await: each costs the silo a task.
            using var part = events.Begin("end job", record.Spec);
            var ended = record.Ended(outcome, Now);
            return AfterEnd(ended, await _store.CommitAsync(record, ended)) switch
            {
                WriteOutcome.Applied => Completion.Accepted,
                WriteOutcome.Superseded => Completion.AlreadyFinished,
                _ => Completion.Retry,
            };
        }

        var isRepeated = _store.Record?.Run == run && _store.Record.Lifecycle == outcome.Lifecycle && _store.Record.State == outcome.State;
        return isRepeated ? Completion.Accepted : Completion.AlreadyFinished;
    }

    /// <inheritdoc/>
    public async Task<JobReply> NotReleased(Guid attempt)
    {
        _store.Invalidate();
        if (await LoadAsync() && _store.Record is { HasEnded: false } record && record.Attempt == attempt)
        {
            executor.NotReleased(record);
            _executorHoldsJob = false;
        }

        return await AnswerAsync(null, Reading.Cached);
    }

    /// <inheritdoc/>
    public async Task<ParentReply> AskAsParent(Guid run)
    {
        if (!await LoadAsync(record => record.IsAssignedTo(run)))
        {
            return new ParentReply.Unavailable();
        }

        DeactivateIfUnknown();
        return _store.Record is { } record && record.IsAssignedTo(run)
            ? new ParentReply.Running([.. record.Spec.Ancestors ?? [], record.Spec.TaskId])
            : new ParentReply.NotRunning();
    }

    /// <inheritdoc/>
    public Task<Cancellation> Cancel() => IfUnfinishedAsync(async record =>
    {
        if (record.Lifecycle == Lifecycle.Ready)
        {
            var canceled = await EndEarlyAsync(record, ServerOutcomes.CanceledBeforeItRan());
            if (canceled == Cancellation.Accepted)
            {
                LogCanceled(record.Spec.JobId);
            }

            return canceled;
        }

        if (await executor.StopAsync(record))
        {
            LogRunStopping(record.Spec.JobId);
            return Cancellation.Accepted;
        }

        await ResumeAsync(record);
        return _store.Record is { HasEnded: true } ? Cancellation.AlreadyEnded : Cancellation.Unavailable;
    });

    /// <inheritdoc/>
    public Task<Cancellation> Terminate() => IfUnfinishedAsync(async record =>
    {
        var terminated = await EndEarlyAsync(record, ServerOutcomes.TerminatedByAnOperator());
        if (terminated == Cancellation.Accepted)
        {
            LogTerminated(record.Spec.JobId);
            if (record.Lifecycle != Lifecycle.Ready)
            {
                // The job has ended whether its runner can be reached or not.
                executor.StopAsync(record).AsTask().Ignore();
            }
        }

        return terminated;
    });

    /// <inheritdoc/>
    public async Task<Removal> Remove()
    {
        _store.Invalidate();
        if (!await LoadAsync())
        {
            return new Removal.Unavailable();
        }

        switch (_store.Record)
        {
            case null:
                this.DeactivateOnIdle();
                return new Removal.NotFound();
            case { IsRemoved: true }:
                return new Removal.AlreadyRemoved();
            case { HasEnded: false }:
                return new Removal.Unfinished();
            case { LastUpdate: var endedAt } when Now < endedAt + LeastAge:
                return new Removal.Recent(endedAt + LeastAge);
            case { Spec.HasIdempotencyKey: false } record:
                return await RemoveAsync(record, left: null);
            case { } record:
                return await RemoveAsync(record, record.Removed(Now));
        }
    }

    /// <inheritdoc/>
    public async Task<Removal> CancelAndRemove()
    {
        _store.Invalidate();
        if (!await LoadAsync())
        {
            return new Removal.Unavailable();
        }

        if (_store.Record is not { Lifecycle: Lifecycle.Ready } waiting)
        {
            return await Remove();
        }

        switch (await EndEarlyAsync(waiting, ServerOutcomes.CanceledBeforeItRan()))
        {
            case Cancellation.Accepted:
                LogCanceled(waiting.Spec.JobId);

                // It has ended just now, and a submit that is under way must find something.
                var canceled = _store.Record!;
                return await RemoveAsync(canceled, canceled.Removed(Now));
            case Cancellation.AlreadyEnded:
                return await Remove();
            default:
                return new Removal.Unavailable();
        }
    }

    /// <inheritdoc/>
    public Task OnActivateAsync(CancellationToken cancellationToken)
    {
        activeJobs.Add(this);
        return Task.CompletedTask;
    }

    /// <summary>Subscribers must attach again: the next activation does not know them.</summary>
    public Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        activeJobs.Remove(this);
        if (_isMoving)
        {
            foreach (var subscription in _subscribers.All)
            {
                handover.Begin(context.GrainId.Key.ToString()!, subscription);
            }
        }

        _subscribers.NotifyMoved();
        return Task.CompletedTask;
    }

    /// <summary>Another silo owns the job since the cluster has changed: the grain leaves memory, and subscribes its gateways there.</summary>
    internal void MoveToOwner()
    {
        _isMoving = true;
        context.Deactivate(Moved, CancellationToken.None);
    }

    /// <summary>The job as an operator sees it; null if it has ended or is not known here.</summary>
    internal ActiveJob? ActiveJob => _store.Record is { HasEnded: false } record
        ? new(record.Spec.Customer, record.Spec.JobId, record.Spec.TaskId, record.Lifecycle, record.Spec.CreatedAt, _subscribers.Count)
        : null;

    private DateTimeOffset Now => timeProvider.GetUtcNow();

    /// <summary>This activation, as the one that counts the waiters. Few jobs need it, and to make an id takes a call of the kernel.</summary>
    private Guid Counter => _counter ??= Guid.NewGuid();

    /// <summary>Submits once the grain of the task was asked. It is not a part of each submit: every await in a grain costs its silo a task.</summary>
    private async Task<JobReply> SubmitOnceKnownAsync(JobSpec spec, Subscription subscription, DateTimeOffset validUntil, Guid taskRevision)
    {
        if (!await taskRevisions.IsCurrentAsync(TaskKey.Of(spec.Customer, spec.TaskId), taskRevision))
        {
            if (!await LoadAsync(record => record.Spec.CreatedAt == spec.CreatedAt))
            {
                return new JobReply.Unavailable();
            }

            // An earlier try of the same call may have created the job. An earlier call with its key does not count: its caller may be refused now.
            if (_store.Record?.Spec.CreatedAt != spec.CreatedAt)
            {
                DeactivateIfUnknown();
                return new JobReply.TaskChanged();
            }
        }

        return await Submit(spec, subscription, validUntil);
    }

    /// <summary>A submit of a job that exists: in most cases a repeat of the call that created it.</summary>
    private async Task<JobReply> SubmitAgainAsync(JobSpec spec, Subscription subscription, DateTimeOffset validUntil)
    {
        using var part = events.Begin("submit job", spec);
        return await AnswerSubmitAsync(spec, subscription, validUntil);
    }

    private Task<JobReply> AnswerSubmitAsync(JobSpec spec, Subscription subscription, DateTimeOffset validUntil) =>

        // Another caller has attached to the job under its id before its own gateway has submitted it.
        spec.Origin == JobOrigin.AllocatedAtTheEye && _store.Record is { HasEnded: false, Spec.Origin: JobOrigin.ExternallyReleased } external
            ? CreateAsync(external, spec, subscription, validUntil)
            : AnswerAsync(subscription, Reading.Cached, spec);

    /// <param name="from">The record of a job that was attached to before it was submitted; null for a new job.</param>
    /// <param name="spec">The job.</param>
    /// <param name="subscription">The gateway that waits for it.</param>
    /// <param name="validUntil">After this moment nothing is released that was not stored before.</param>
    private async Task<JobReply> CreateAsync(JobRecord? from, JobSpec spec, Subscription subscription, DateTimeOffset validUntil)
    {
        using var part = from is null ? events.Begin("submit job", spec) : default;
        var admissionResult = await admission.RequestAsync(spec);
        if (admissionResult is AdmissionResult.Refused { Reply: var refusal })
        {
            return from is null ? await RefuseAsync(refusal, spec, subscription) : Refuse(refusal);
        }

        using var admitted = (AdmissionResult.Admitted)admissionResult;
        if (Now > validUntil)
        {
            admission.ReleaseQuota(spec);
            return new JobReply.Unavailable();
        }

        var attempt = from is null ? _attempt : Guid.NewGuid();
        var fencedAt = timeProvider.GetTimestamp();
        HashSet<GrainId>? gateways = spec.CallerWaitsUntil is null ? null : [.. _subscribers.Gateways, subscription.Observer.GetGrainId()];
        var fenced = JobRecord.Fenced(spec, attempt, admitted.Runner, Now) with { Waiters = gateways is null ? null : new(Counter, [.. gateways]) };
        switch (await _store.CommitAsync(from, fenced))
        {
            case WriteOutcome.Applied when Now > validUntil:
                // Storage was slow, or this process was frozen. A gateway that still waits for the job attaches to it, and so has it taken over.
                LogFencedTooLate(spec.JobId, attempt);
                return new JobReply.Unavailable(MayExist: true);
            case WriteOutcome.Applied:
                events.Submitted(spec, attempt);
                Subscribe(subscription);
                _counted = gateways;
                if (await admitted.ReleaseAsync(new Release(spec, attempt, fencedAt, _tokens)))
                {
                    _executorHoldsJob = true;
                    return Pending(null);
                }

                // That silo may hold the job: once there is another attempt, it can't run it any more.
                LogNotAcknowledged(spec.JobId, admitted.Runner);
                await TakeOverAsync(_store.Record!);
                return await AnswerAsync(subscription, Reading.Cached, spec);
            case WriteOutcome.Superseded:
                if (_store.Record is { HasEnded: true })
                {
                    admission.ReleaseQuota(spec);
                }

                return from is null ? await AnswerSubmitAsync(spec, subscription, validUntil) : await AnswerAsync(subscription, Reading.Cached, spec);
            case WriteOutcome.NotSent:
                admission.ReleaseQuota(spec);
                return new JobReply.Unavailable();
            default:
                return new JobReply.Unavailable(MayExist: true);
        }
    }

    /// <summary>The reply to a job that is not admitted. The call may be a repeat of the one that created the job.</summary>
    private async Task<JobReply> RefuseAsync(JobReply refusal, JobSpec spec, Subscription subscription) =>
        !await LoadAsync() ? new JobReply.Unavailable()
        : _store.Record is not null ? await AnswerAsync(subscription, Reading.Cached, spec)
        : Refuse(refusal);

    private JobReply Refuse(JobReply refusal)
    {
        admission.CountRefusal(refusal);
        return DeactivateWith(refusal);
    }

    private async Task<JobReply> CreateEndedAsync(JobSpec spec, Subscription subscription)
    {
        using var part = events.Begin("submit job", spec);
        if (admission.CheckStorage(spec) is { } refusal)
        {
            return await RefuseAsync(refusal, spec, subscription);
        }

        var ended = JobRecord.EndedAtOnce(spec, _attempt, ServerOutcomes.Dummy(spec.Arguments), Now);
        switch (await _store.CommitAsync(null, ended))
        {
            case WriteOutcome.Applied:
                events.Ended(ended);
                this.DeactivateOnIdle();
                return new JobReply.Finished(Finished());
            case WriteOutcome.Superseded:
                return await AnswerAsync(subscription, Reading.Cached, spec);
            case WriteOutcome.NotSent:
                return new JobReply.Unavailable();
            default:
                return new JobReply.Unavailable(MayExist: true);
        }
    }

    /// <summary>Creates the record of a job that was never submitted as ended, so that no later submit can release it.</summary>
    private async Task<Cancellation> CreateCanceledAsync(JobSpec spec)
    {
        switch (await _store.CommitAsync(null, JobRecord.EndedAtOnce(spec, _attempt, ServerOutcomes.NeverSubmitted, Now)))
        {
            case WriteOutcome.Applied:
                LogUnsubmittedCanceled(spec.JobId);
                return Cancellation.Accepted;
            case WriteOutcome.Superseded:
                return Cancellation.AlreadyEnded;
            default:
                return Cancellation.Unavailable;
        }
    }

    /// <summary>The reply of an existing job. A gateway that gets <see cref="JobReply.Pending"/> has been subscribed.</summary>
    /// <param name="subscription">The gateway that waits for it; null to read only.</param>
    /// <param name="reading">Whether storage must be read.</param>
    /// <param name="submitted">What was submitted under the job's id; null if the call only asks for the job.</param>
    private async Task<JobReply> AnswerAsync(Subscription? subscription, Reading reading, JobSpec? submitted = null)
    {
        if (_store.Record is { HasEnded: false } && (reading == Reading.Fresh || _store.IsStale))
        {
            _store.Invalidate();
            _executorHoldsJob = false;
        }

        if (subscription is not null && _store.Record?.Waiters is not null)
        {
            // Another activation may count the waiters by now.
            _store.Invalidate();
        }

        var mayExist = submitted is not null;
        if (!await LoadAsync())
        {
            return new JobReply.Unavailable(mayExist);
        }

        if (submitted is not null && _store.Record?.Spec.IsSameCallAs(submitted) == false)
        {
            return new JobReply.IdempotencyConflict();
        }

        if (subscription is not null && !await CountAsync(subscription))
        {
            return new JobReply.Unavailable(mayExist);
        }

        if (_store.Record is { HasEnded: false } unfinished)
        {
            Subscribe(subscription);
            if (!_executorHoldsJob)
            {
                await ResumeAsync(unfinished);
            }
        }

        return _store.Record switch
        {
            null => DeactivateWith(new JobReply.NotFound()),
            { HasEnded: true } ended when subscription is null =>
                new JobReply.Finished(Finished()) { Run = ended.ScriptRun, CallerAddress = ended.Spec.CallerAddress },
            { HasEnded: true } => new JobReply.Finished(Finished()),
            { } record when _executorHoldsJob => Pending(subscription is null ? JobDocument.Render(record) : null),
            _ => new JobReply.Unavailable(mayExist),
        };
    }

    /// <summary>
    /// Resolves an unfinished record that the executor may no longer hold (I9). Afterwards the job has ended, or <see cref="_executorHoldsJob"/> is
    /// set; else its fate is unknown, and the caller must ask again.
    /// </summary>
    private async Task ResumeAsync(JobRecord record)
    {
        _executorHoldsJob = false;
        switch (await executor.ResumeAsync(record, _tokens))
        {
            case Resumption.TakeOver:
                using (events.Begin("take over job", record.Spec))
                {
                    if (await TakeOverAsync(record))
                    {
                        LogTakenOver(record.Spec.JobId);
                    }
                }

                break;
            case Resumption.NotAccepting:
                this.DeactivateOnIdle();
                break;
            case Resumption.End end:
                LogLost(record.Spec.JobId);
                await EndAsync(record, end.Outcome);
                break;
            default:
                _executorHoldsJob = true;
                break;
        }
    }

    /// <summary>Gives a job that has not started another attempt, and releases it here, even if the queue is full. False: that is not stored.</summary>
    private async Task<bool> TakeOverAsync(JobRecord record)
    {
        var attempt = Guid.NewGuid();
        var fencedAt = timeProvider.GetTimestamp();
        if (await _store.CommitAsync(record, record.Reassigned(attempt, executor.Address, Now)) != WriteOutcome.Applied)
        {
            return false;
        }

        _executorHoldsJob = true;
        executor.Reserve(record.Spec);
        admission.CountExisting(record.Spec);
        executor.Release(new Release(record.Spec, attempt, fencedAt, _tokens));
        return true;
    }

    private async Task<Cancellation> IfUnfinishedAsync(Func<JobRecord, Task<Cancellation>> end)
    {
        if (!await LoadAsync(record => record.HasEnded))
        {
            return Cancellation.Unavailable;
        }

        switch (_store.Record)
        {
            case null:
                this.DeactivateOnIdle();
                return Cancellation.NotFound;
            case { HasEnded: true }:
                return Cancellation.AlreadyEnded;
            case { } record:
                return await end(record);
        }
    }

    private async Task<Cancellation> EndEarlyAsync(JobRecord record, JobOutcome outcome) => await EndAsync(record, outcome) switch
    {
        WriteOutcome.Applied => Cancellation.Accepted,
        WriteOutcome.Superseded when _store.Record is { HasEnded: true } => Cancellation.AlreadyEnded,
        _ => Cancellation.Unavailable,
    };

    private async Task<Removal> RemoveAsync(JobRecord record, JobRecord? left)
    {
        switch (await _store.CommitAsync(record, left))
        {
            case WriteOutcome.Applied:
                LogRemoved(record.Spec.JobId, record.Spec.Customer);
                this.DeactivateOnIdle();
                return new Removal.Removed();
            case WriteOutcome.Superseded when _store.Record is { IsRemoved: true }:
                return new Removal.AlreadyRemoved();
            default:
                return new Removal.Unavailable();
        }
    }

    /// <summary>Stores the end, then pushes it to all subscribers.</summary>
    private async Task<WriteOutcome> EndAsync(JobRecord record, JobOutcome outcome)
    {
        using var part = events.Begin("end job", record.Spec);
        var ended = record.Ended(outcome, Now);
        return AfterEnd(ended, await _store.CommitAsync(record, ended));
    }

    private WriteOutcome AfterEnd(JobRecord ended, WriteOutcome written)
    {
        if (written == WriteOutcome.Applied)
        {
            events.Ended(ended);
            ReleaseQuotaAndQueue(ended.Spec);
            if (!owners.IsOwnedHere(context.GrainId))
            {
                // It may have subscribers there.
                grains.GetJob(JobKey.Of(ended.Spec.Customer, ended.Spec.JobId)).Attach(null, Reading.Fresh).Ignore();
            }
        }

        if (written != WriteOutcome.Unknown)
        {
            PushIfEnded();
        }

        return written;
    }

    /// <summary>Before the push: a client that calls again at once must not be refused because of its own ended job.</summary>
    private void ReleaseQuotaAndQueue(JobSpec spec)
    {
        admission.ReleaseQuota(spec);
        if (spec.RunsSerially)
        {
            grains.GetGrainByKey<ITaskQueueGrain>(TaskKey.Of(spec.Customer, spec.TaskId)).Leave(spec.JobId).Ignore();
        }
    }

    /// <summary>Loads the record. An unexpected one is read again, since another activation may have changed it.</summary>
    private async Task<bool> LoadAsync(Func<JobRecord, bool> isExpected)
    {
        if (_store.Record is not { } record || !isExpected(record))
        {
            _store.Invalidate();
        }

        return await LoadAsync();
    }

    private async Task<bool> LoadAsync()
    {
        if (!await _store.LoadAsync())
        {
            return false;
        }

        PushIfEnded();
        return true;
    }

    private void PushIfEnded()
    {
        if (_subscribers.Count > 0 && _store.Record is { HasEnded: true })
        {
            _ = _subscribers.PublishAsync(Finished(), this.DeactivateOnIdle);
        }
    }

    /// <summary>
    /// Stores that this activation counts the waiters, and that the gateway is one of them; nothing, if the job is not canceled on disconnect.
    /// </summary>
    /// <returns>False: storage can't be reached.</returns>
    private async Task<bool> CountAsync(Subscription subscription)
    {
        while (_store.Record is { HasEnded: false, Waiters: { } waiters } record)
        {
            var gateway = subscription.Observer.GetGrainId();
            _counted = waiters.Counter == Counter ? _counted : null;
            var counted = waiters.CountedBy(Counter, gateway);
            switch (counted == waiters ? WriteOutcome.Applied : await _store.CommitAsync(record, record with { Waiters = counted }))
            {
                case WriteOutcome.Applied:
                    (_counted ??= []).Add(gateway);
                    return true;
                case WriteOutcome.Unknown:
                    return false;
            }
        }

        PushIfEnded();
        return true;
    }

    /// <summary>
    /// Cancels a job that nobody waits for. That is stored before: a gateway that attaches at another activation meanwhile either is found by this
    /// write, or waits for a job that is being canceled.
    /// </summary>
    private async Task<Cancellation> CancelUnawaitedAsync(JobRecord record, JobWaiters waiters) =>
        await _store.CommitAsync(record, record with { Waiters = waiters with { Gateways = [] } }) == WriteOutcome.Applied
            ? await Cancel()
            : Cancellation.Unavailable;

    /// <summary>Stores that no disconnect cancels the job.</summary>
    /// <returns>False: storage can't be reached.</returns>
    private async Task<bool> StopCountingAsync()
    {
        while (_store.Record is { HasEnded: false, Waiters: not null } record)
        {
            if (await _store.CommitAsync(record, record with { Waiters = null }) == WriteOutcome.Unknown)
            {
                return false;
            }
        }

        return true;
    }

    private void Subscribe(Subscription? subscription)
    {
        if (subscription is not null)
        {
            _subscribers.Add(subscription);
            _tokens.Offer(subscription.Token);
        }
    }

    /// <summary>Frees the memory of a job that does not exist: its key may be invented.</summary>
    private JobReply DeactivateWith(JobReply reply)
    {
        this.DeactivateOnIdle();
        return reply;
    }

    /// <summary>After a message about a job that was refused, or that another activation knew.</summary>
    private void DeactivateIfUnknown()
    {
        if (_store.Record is null)
        {
            this.DeactivateOnIdle();
        }
    }

    /// <summary>The reply that the job goes on. If another silo owns the job, this activation then leaves memory.</summary>
    private JobReply.Pending Pending(byte[]? document)
    {
        var isOwner = owners.IsOwnedHere(context.GrainId);
        if (!isOwner)
        {
            this.DeactivateOnIdle();
        }

        var reply = new JobReply.Pending(Access(), _store.Record!.Lifecycle, document, Leaving: executor.IsStopping || !isOwner);
        return document is null ? reply : reply with
        {
            Run = _store.Record.ScriptRun,
            Gateways = _subscribers.Count,
            CallerAddress = _store.Record.Spec.CallerAddress,
        };
    }

    private FinishedJob Finished()
    {
        var record = _store.Record!;
        var age = Now - record.LastUpdate;
        return new(JobKey.Of(record.Spec.Customer, record.Spec.JobId), record.Lifecycle, record.State, record.Document!, Access(), record.Fault)
        {
            Age = age > TimeSpan.Zero ? age : TimeSpan.Zero,
            TraceParent = record.Spec.TraceParent,
        };
    }

    private JobAccess Access() => new(_store.Record!.Spec.Acl, _store.Record.Spec.Cancellable, _store.Record.Spec.SecretHash);
}
