using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Placement;
using Orleans.Storage;
using SyncCluster.Execution;
using SyncCluster.Quotas;
using SyncCluster.SerialTasks;
using SyncCluster.Storage;
using SyncCluster.Tasks;

namespace SyncCluster.Jobs;

/// <summary>
/// One job, and who waits for it.
/// <para>
/// <b>Nobody waits in here.</b> Each call is short, idempotent and runs alone (the grain is not reentrant). The HTTP request waits in its
/// gateway's memory; the grain holds one subscription a gateway and pushes the finished job to each.
/// </para>
/// <para>
/// <b>States.</b> No record → <c>ready</c> (fenced: a record with this activation's attempt id stands in storage, and the attempt may release the
/// job once) → <c>assigned</c> (one run of one runner has won a compare-and-swap and may start the script; none other ever does) → ended. A dummy
/// task's record is created ended.
/// </para>
/// <para>
/// <b>Why a job runs at most once.</b> Records change only by compare-and-swap on their ETag. A write whose fate is unknown is settled by writing the
/// same step again under the same ETag until a read shows which step stands; nothing that relies on it is done before. A job that is taken over
/// gets a new attempt, which takes the right to be assigned from every older one, wherever it is queued. <c>assigned</c> is left only for an end.
/// A submit that took longer than its gateway gave it, in a process that was frozen for instance, releases nothing: its client may have been told
/// by then that there is no such job.
/// </para>
/// <para>
/// <b>Why no answer is lost.</b> Subscribe comes before release. An end is stored before memory changes, before the runner is answered, and before
/// anybody is told; a runner repeats its report until it is answered, and is turned away only on a record that was read just then. However the
/// grain learns of an end (a report, a read, its executor), it pushes it to all subscribers. A push that fails three times is made good by the
/// gateway's next Attach; an Attach on an unfinished job reads storage when memory is old or the membership has changed, so that a stale second
/// activation can't keep anybody waiting, and asks the executor whether the job is in good hands (there is no sweeper: whoever asks next resolves
/// a lost job). A grain that leaves memory tells its subscribers to attach again; one whose silo stops, and may not find the way to them any more,
/// says so in its answers, and they ask again each second until another silo has it.
/// </para>
/// <para>
/// <b>Limits</b> are asked for a new job only, before anything of it is stored (<see cref="JobAdmission"/>). The end makes way for others when it is
/// stored. Both are messages that may be lost: the count (<see cref="QuotaGrain"/>) and the line of a task that runs one job at a time
/// (<see cref="TaskQueueGrain"/>) ask the job itself how it stands with it, by an Attach that subscribes nobody.
/// </para>
/// <para>
/// <b>Calls that are repeated.</b> All repeats of a call submit the same job id, and the record has the fingerprint of what was asked for: who asks for
/// something else is told so. Where TheEye has made the job, one that nobody submits is given up by the same create-if-absent that would submit it
/// (<see cref="CancelUnsubmitted"/>), so that of a repeat and the clean-up one wins.
/// </para>
/// <para>
/// <b>Who hangs up.</b> Only the activation that has made a job knows all who have come for it, and cancels it when the last one has hung up, if that
/// was asked for; a gateway that was lost has not hung up, and whoever was told that the job goes on can count on it. <see cref="Follow"/> interleaves
/// with all that: it only looks at the record in memory.
/// </para>
/// <para>
/// <b>Storage faults never leave this class.</b> They become <see cref="JobReply.Unavailable"/>, <see cref="Assignment.Retry"/>,
/// <see cref="Completion.Retry"/> or <see cref="Cancellation.Unavailable"/>: an exception that escaped could deactivate the grain and drop its
/// subscribers.
/// </para>
/// </summary>
[GrainType("job"), CollectionAgeLimit(Minutes = 2)]

// Not local to the first call: a gateway keeps to the silos it knows, and one that has joined since would get no jobs.
[RandomPlacement]
internal sealed partial class JobGrain(
    IGrainContext context,
    [FromKeyedServices(StorageNames.Jobs)] IGrainStorage storage,
    IJobExecutor executor,
    JobAdmission admissions,
    StorageCapacity room,
    IGrainFactory grains,
    IClusterMembershipService membership,
    ActiveJobs unfinished,
    CompletionPublisher pushes,
    TimeProvider timeProvider,
    ILogger<JobGrain> logger) : IGrainBase, IJobGrain
{
    private readonly JobStore _job = new(storage, context.GrainId, membership, timeProvider, logger);
    private readonly JobSubscribers _subscribers = new(context.GrainId.Key.ToString()!, pushes);
    private readonly CallerTokens _tokens = new();
    private readonly Guid _attempt = Guid.NewGuid();
    private bool _inGoodHands;

    /// <summary>Only this activation, which has made the job and seen all who have come for it since, can tell who is the last one.</summary>
    private bool _cancelsOnDisconnect;

    /// <inheritdoc/>
    public IGrainContext GrainContext => context;

    /// <inheritdoc/>
    public async Task<JobReply> Submit(JobSpec spec, Subscription subscription, DateTimeOffset validUntil)
    {
        if (Now > validUntil)
        {
            return new JobReply.Unavailable();
        }

        // A new job is created without a look first: the write says so if the record is already there.
        if (_job.Record is not null)
        {
            return await SubmitAgainAsync(spec, subscription, validUntil);
        }

        return spec.Type == TaskType.Dummy ? await CreateEndedAsync(spec, subscription) : await CreateAsync(null, spec, subscription, validUntil);
    }

    /// <inheritdoc/>
    public Task<JobReply> Attach(Subscription? subscription, Reading reading) => AnswerAsync(subscription, reading);

    /// <inheritdoc/>
    public async Task<JobProgress?> Follow(long from) =>
        _job.Record is { HasEnded: false } record ? new(record.Lifecycle, await executor.ReadLogAsync(record, from)) : null;

    /// <inheritdoc/>
    public Task Leave(Subscription subscription)
    {
        _subscribers.Remove(subscription);

        // Its client was told where to ask for the job.
        _cancelsOnDisconnect = false;
        ForgetIfUnknown();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<Cancellation> Disconnect(Subscription subscription)
    {
        _subscribers.Remove(subscription);
        ForgetIfUnknown();
        return _cancelsOnDisconnect && _subscribers.Count == 0 ? await Cancel() : Cancellation.NotFound;
    }

    /// <inheritdoc/>
    public async Task<Cancellation> CancelUnsubmitted(JobSpec spec)
    {
        if (!await LoadAsync(_ => false))
        {
            return Cancellation.Unavailable;
        }

        return _job.Record switch
        {
            null => await _job.CommitAsync(null, JobRecord.EndedAtOnce(spec, _attempt, ServerOutcomes.NeverSubmitted, Now)) switch
            {
                WriteOutcome.Applied => Cancellation.Accepted,
                WriteOutcome.Superseded => Cancellation.AlreadyEnded,
                _ => Cancellation.Unavailable,
            },

            // Known only to those who have asked for it.
            { HasEnded: false, Spec.Origin: JobOrigin.ExternallyReleased } watched => await CancelAsync(watched, ServerOutcomes.NeverSubmitted),
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

        return _job.Record switch
        {
            { } assigned when assigned.IsAssignedTo(run) => Assignment.Granted,
            { } ready when ready.MayBeAssignedTo(attempt) => await _job.CommitAsync(ready, ready.AssignedTo(run, runner, Now)) switch
            {
                WriteOutcome.Applied => Assignment.Granted,
                WriteOutcome.Superseded => Assignment.Refused,
                _ => Assignment.Retry,
            },
            _ => Assignment.Refused,
        };
    }

    /// <inheritdoc/>
    public async Task<Completion> Complete(Guid run, JobOutcome outcome)
    {
        if (!await LoadAsync(record => record.Run == run))
        {
            return Completion.Retry;
        }

        return _job.Record switch
        {
            { HasEnded: false } record when record.Run == run => await EndAsync(record, outcome) switch
            {
                WriteOutcome.Applied => Completion.Accepted,
                WriteOutcome.Superseded => Completion.AlreadyFinished,
                _ => Completion.Retry,
            },

            // A repeated report.
            { } ended when ended.Run == run && ended.Lifecycle == outcome.Lifecycle && ended.State == outcome.State => Completion.Accepted,
            _ => Completion.AlreadyFinished,
        };
    }

    /// <inheritdoc/>
    public Task<Cancellation> Cancel() => EndEarlyAsync(async record =>
    {
        if (record.Lifecycle == Lifecycle.Ready)
        {
            return await CancelAsync(record, ServerOutcomes.CanceledBeforeItRan());
        }

        if (await executor.StopAsync(record))
        {
            return Cancellation.Accepted;
        }

        await ResumeAsync(record);
        return _job.Record is { HasEnded: true } ? Cancellation.AlreadyEnded : Cancellation.Unavailable;
    });

    /// <inheritdoc/>
    public Task<Cancellation> Terminate() => EndEarlyAsync(async record =>
    {
        var terminated = await CancelAsync(record, ServerOutcomes.TerminatedByAnOperator());
        if (terminated == Cancellation.Accepted && record.Lifecycle != Lifecycle.Ready)
        {
            // Whether its runner can be reached or not: the job has ended, and what the script still says changes nothing.
            executor.StopAsync(record).AsTask().Ignore();
        }

        return terminated;
    });

    /// <inheritdoc/>
    public Task OnActivateAsync(CancellationToken cancellationToken)
    {
        unfinished.Watch(this);
        return Task.CompletedTask;
    }

    /// <summary>Whoever still waits is told to ask again: the next activation does not know them.</summary>
    public Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        unfinished.Forget(this);
        _subscribers.Move();
        return Task.CompletedTask;
    }

    /// <summary>The job as an operator sees it; null where it has ended or is not known here.</summary>
    internal ActiveJob? Unfinished => _job.Record is { HasEnded: false } record
        ? new(record.Spec.Customer, record.Spec.JobId, record.Spec.TaskId, record.Lifecycle, record.Spec.CreatedAt, _subscribers.Count)
        : null;

    private DateTimeOffset Now => timeProvider.GetUtcNow();

    /// <summary>What a submit of a job says that is known: mostly, it is the repeat of the call that made it.</summary>
    private async Task<JobReply> SubmitAgainAsync(JobSpec spec, Subscription subscription, DateTimeOffset validUntil) =>

        // Somebody has attached to the job before its own gateway came to release it.
        spec.Origin == JobOrigin.AllocatedAtTheEye && _job.Record is { HasEnded: false, Spec.Origin: JobOrigin.ExternallyReleased } watched
            ? await CreateAsync(watched, spec, subscription, validUntil)
            : await AnswerAsync(subscription, Reading.Cached, spec);

    /// <param name="from">The record of a job that was only watched so far; null for a new one.</param>
    /// <param name="spec">The job.</param>
    /// <param name="subscription">Who waits.</param>
    /// <param name="validUntil">After that nothing is released.</param>
    private async Task<JobReply> CreateAsync(JobRecord? from, JobSpec spec, Subscription subscription, DateTimeOffset validUntil)
    {
        using var admission = await admissions.AskAsync(spec);
        if (admission.Refusal is { } refusal)
        {
            return from is null ? await RefuseAsync(refusal, spec, subscription) : Forget(refusal);
        }

        if (Now > validUntil)
        {
            admissions.GiveBack(spec);
            return new JobReply.Unavailable();
        }

        var attempt = from is null ? _attempt : Guid.NewGuid();
        var fencedAt = timeProvider.GetTimestamp();
        switch (await _job.CommitAsync(from, JobRecord.Fenced(spec, attempt, executor.Address, Now)))
        {
            case WriteOutcome.Applied when Now > validUntil:
                // Storage was slow, or this process was frozen. Who still waits for the job asks again, and has it taken over.
                return new JobReply.Unavailable();
            case WriteOutcome.Applied:
                Subscribe(subscription);
                _cancelsOnDisconnect = spec.CallerWaitsUntil is not null;
                _inGoodHands = true;
                admission.Use();
                executor.Release(new Release(spec, attempt, fencedAt, _tokens));
                return Pending(null);
            case WriteOutcome.Superseded:
                if (_job.Record is { HasEnded: true })
                {
                    admissions.GiveBack(spec);
                }

                return from is null ? await SubmitAgainAsync(spec, subscription, validUntil) : await AnswerAsync(subscription, Reading.Cached, spec);
            default:
                return new JobReply.Unavailable();
        }
    }

    /// <summary>What a new job is told that is not taken. The call may be the repeat of one that made the job.</summary>
    private async Task<JobReply> RefuseAsync(JobReply refusal, JobSpec spec, Subscription subscription) =>
        !await LoadAsync() ? new JobReply.Unavailable()
        : _job.Record is not null ? await AnswerAsync(subscription, Reading.Cached, spec)
        : Forget(refusal);

    private async Task<JobReply> CreateEndedAsync(JobSpec spec, Subscription subscription)
    {
        if (room.IsFull)
        {
            return await RefuseAsync(new JobReply.StorageFull(), spec, subscription);
        }

        switch (await _job.CommitAsync(null, JobRecord.EndedAtOnce(spec, _attempt, ServerOutcomes.Dummy(spec.Arguments), Now)))
        {
            case WriteOutcome.Applied:
                this.DeactivateOnIdle();
                return new JobReply.Finished(Finished());
            case WriteOutcome.Superseded:
                return await AnswerAsync(subscription, Reading.Cached, spec);
            default:
                return new JobReply.Unavailable();
        }
    }

    /// <summary>What an existing job says to whoever asks for it. Who is told that it goes on has been subscribed.</summary>
    /// <param name="subscription">Who waits.</param>
    /// <param name="reading">Whether storage must be asked.</param>
    /// <param name="submitted">What was submitted under the job's id; null where the job is asked for.</param>
    private async Task<JobReply> AnswerAsync(Subscription? subscription, Reading reading, JobSpec? submitted = null)
    {
        if (_job.Record is { HasEnded: false } && (reading == Reading.Fresh || _job.IsStale))
        {
            _job.Invalidate();
            _inGoodHands = false;
        }

        if (!await LoadAsync())
        {
            return new JobReply.Unavailable();
        }

        if (submitted is not null && _job.Record?.Spec.IsSameCallAs(submitted) == false)
        {
            return new JobReply.IdempotencyConflict();
        }

        if (_job.Record is { HasEnded: false } goingOn)
        {
            Subscribe(subscription);
            if (!_inGoodHands)
            {
                await ResumeAsync(goingOn);
            }
        }

        return _job.Record switch
        {
            null => Forget(new JobReply.NotFound()),
            { HasEnded: true } => new JobReply.Finished(Finished()),
            { } record when _inGoodHands => Pending(subscription is null ? JobDocument.Render(record) : null),
            _ => new JobReply.Unavailable(),
        };
    }

    /// <summary>
    /// Sees to an unfinished record of which nobody here knows whether it is in good hands. Afterwards it has ended or is in good hands; else
    /// nothing is known of it, and the caller must ask again.
    /// </summary>
    private async Task ResumeAsync(JobRecord record)
    {
        _inGoodHands = false;
        switch (await executor.ResumeAsync(record, _tokens))
        {
            case Resumption.TakeOver:
                var attempt = Guid.NewGuid();
                var fencedAt = timeProvider.GetTimestamp();
                if (await _job.CommitAsync(record, record.Reassigned(attempt, executor.Address, Now)) == WriteOutcome.Applied)
                {
                    LogTakenOver(record.Spec.JobId);
                    _inGoodHands = true;
                    executor.Reserve(record.Spec.Customer);
                    admissions.Add(record.Spec);
                    executor.Release(new Release(record.Spec, attempt, fencedAt, _tokens));
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
                _inGoodHands = true;
                break;
        }
    }

    private async Task<Cancellation> EndEarlyAsync(Func<JobRecord, Task<Cancellation>> end)
    {
        if (!await LoadAsync(record => record.HasEnded))
        {
            return Cancellation.Unavailable;
        }

        switch (_job.Record)
        {
            case null:
                Forget();
                return Cancellation.NotFound;
            case { HasEnded: true }:
                return Cancellation.AlreadyEnded;
            case { } record:
                return await end(record);
        }
    }

    private async Task<Cancellation> CancelAsync(JobRecord record, JobOutcome outcome) => await EndAsync(record, outcome) switch
    {
        WriteOutcome.Applied => Cancellation.Accepted,
        WriteOutcome.Superseded when _job.Record is { HasEnded: true } => Cancellation.AlreadyEnded,
        _ => Cancellation.Unavailable,
    };

    /// <summary>Stores the end, then tells everybody.</summary>
    private async Task<WriteOutcome> EndAsync(JobRecord record, JobOutcome outcome)
    {
        var settlement = await _job.CommitAsync(record, record.Ended(outcome, Now));
        if (settlement == WriteOutcome.Applied)
        {
            MakeWay(record.Spec);
        }

        PushIfEnded(settlement != WriteOutcome.Unknown);
        return settlement;
    }

    /// <summary>Others may come now. Said before anybody is told of the end: whoever calls again then is not to be in its own way.</summary>
    private void MakeWay(JobSpec spec)
    {
        admissions.GiveBack(spec);
        if (spec.RunsSerially)
        {
            grains.GetGrain<ITaskQueueGrain>(TaskKey.Of(spec.Customer, spec.TaskId)).Leave(spec.JobId).Ignore();
        }
    }

    /// <summary>Loads the record. One that does not look as it should is read again: another activation may have changed it.</summary>
    private async Task<bool> LoadAsync(Func<JobRecord, bool> expected)
    {
        if (_job.Record is not { } record || !expected(record))
        {
            _job.Invalidate();
        }

        return await LoadAsync();
    }

    private async Task<bool> LoadAsync()
    {
        var loaded = await _job.LoadAsync();
        PushIfEnded(loaded);
        return loaded;
    }

    private void PushIfEnded(bool known)
    {
        if (known && _subscribers.Count > 0 && _job.Record is { HasEnded: true })
        {
            _ = PushAsync();
        }
    }

    private void Subscribe(Subscription? subscription)
    {
        if (subscription is not null)
        {
            _subscribers.Add(subscription);
            _tokens.Offer(subscription.Token);
        }
    }

    /// <summary>Tells all subscribers, and leaves memory when that is done.</summary>
    private async Task PushAsync()
    {
        await _subscribers.PushAsync(Finished());
        this.DeactivateOnIdle();
    }

    /// <summary>Leaves memory: the key of a job that does not exist may be anything that anybody made up.</summary>
    private void Forget() => this.DeactivateOnIdle();

    /// <summary>After a word about a job that was refused, or that another activation knew.</summary>
    private void ForgetIfUnknown()
    {
        if (_job.Record is null)
        {
            Forget();
        }
    }

    private JobReply Forget(JobReply reply)
    {
        Forget();
        return reply;
    }

    private JobReply.Pending Pending(byte[]? document) => new(Access(), _job.Record!.Lifecycle, document, executor.IsStopping);

    private FinishedJob Finished()
    {
        var record = _job.Record!;
        return new(JobKey.Of(record.Spec.Customer, record.Spec.JobId), record.Lifecycle, record.State, record.Document!, Access(), record.Fault);
    }

    private JobAccess Access() => new(_job.Record!.Spec.Acl, _job.Record.Spec.Cancellable, _job.Record.Spec.SecretHash);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} was queued where nobody holds it any more: taken over.")]
    private partial void LogTakenOver(string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} is lost with its runner: ended.")]
    private partial void LogLost(string job);
}
