using Microsoft.Extensions.Logging;
using SyncCluster.Execution;
using SyncCluster.Jobs;
using SyncCluster.Placement;

namespace SyncCluster.Doors;

/// <summary>
/// The way of a client's calls to jobs: through the door of the silo that owns the job, together with other calls that go there at that moment; or to
/// the job's grain as Orleans finds it, where no door is open, and again where a door has not answered. Both are the same call, and to make it twice
/// is as safe as to repeat it: its validity stays.
/// </summary>
internal sealed partial class JobDoors(IGrainFactory grains, ClientConnections connections, TimeProvider timeProvider, ILogger<JobDoors> logger)
{
    /// <summary>How long a call may take, as at a grain.</summary>
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(3);

    private readonly Lock _viewLock = new();
    private Dictionary<Uri, SiloDoor> _doors = [];
    private View _view = new([], [], AreAll: false);

    /// <summary>How many doors are open.</summary>
    public int OpenDoors => Volatile.Read(ref _view).Doors.Count(door => door.IsOpen);

    /// <summary>Where the silos listen for clients whose doors are open: a message goes there directly. In the same order at all clients.</summary>
    public IReadOnlyList<SiloAddress> OpenGateways =>
        [.. Volatile.Read(ref _view).Doors.Where(door => door.IsOpen).Select(door => door.Gateway).Order()];

    /// <summary>
    /// Whether all silos take a submit with a task's revision: all have answered through their doors. Those of version 0.1 have none. A server's own silo
    /// is of its version.
    /// </summary>
    public bool TakeTaskRevisions => connections.AreOfSilo || Volatile.Read(ref _view).AreAll;

    /// <summary><see cref="IJobGrain.SubmitIfCurrent"/>, or <see cref="IJobGrain.Submit"/> without a revision.</summary>
    public Task<JobReply> SubmitAsync(string key, JobSpec spec, Subscription subscription, DateTimeOffset validUntil, Guid? taskRevision) =>
        FindOpen(key) is { } door ? SubmitAsync(door, new(key, spec, subscription, validUntil, taskRevision))
        : taskRevision is { } revision ? grains.GetJob(key).SubmitIfCurrent(spec, subscription, validUntil, revision)
        : grains.GetJob(key).Submit(spec, subscription, validUntil);

    /// <summary><see cref="IJobGrain.Attach"/>.</summary>
    /// <param name="key">The job's key.</param>
    /// <param name="subscription">As of that.</param>
    /// <param name="reading">As of that.</param>
    /// <param name="isOneOfMany">
    /// Whether the client is likely to attach to many jobs at the same time: their messages are shared where there is one silo, too.
    /// </param>
    public Task<JobReply> AttachAsync(string key, Subscription? subscription, Reading reading, bool isOneOfMany = false) =>
        FindOpen(key, leastSilos: isOneOfMany ? 1 : 2) is { } door
            ? ReplyAsync(door, new JobCall.Attach(key, subscription, reading), job => job.Attach(subscription, reading))
            : grains.GetJob(key).Attach(subscription, reading);

    /// <summary><see cref="IJobGrain.Complete"/>, for runners that are not in a silo. This version has one only in its measurements.</summary>
    public async Task<Completion> CompleteAsync(string key, Guid run, JobOutcome outcome)
    {
        var call = new JobCall.Complete(key, run, outcome);
        return FindOpen(key) is { } door && await AnswerAsync(door, call) is CallAnswer.Completed { Completion: var completion }
            ? completion
            : await grains.GetJob(key).Complete(run, outcome);
    }

    /// <summary>
    /// Takes the doors of these silos for all that there are. Doors that are not known, or closed, are asked which silo's they are; their calls go
    /// the other way meanwhile.
    /// </summary>
    public void Update(IEnumerable<Uri> silos)
    {
        var doors = new Dictionary<Uri, SiloDoor>();
        foreach (var uri in silos)
        {
            if (uri.ToGatewayAddress() is { } gateway)
            {
                doors[uri] = _doors.GetValueOrDefault(uri)
                    ?? new(grains.GetGrainService<IJobDoor>(GrainServiceTypes.JobDoor, gateway), gateway, connections, timeProvider, logger);
            }
        }

        var haveChanged = !doors.Keys.ToHashSet().SetEquals(_doors.Keys);
        Volatile.Write(ref _doors, doors);
        if (haveChanged)
        {
            UpdateView();
        }

        foreach (var door in doors.Values)
        {
            _ = OpenAsync(door);
        }
    }

    private async Task OpenAsync(SiloDoor door)
    {
        if (await door.AskAsync())
        {
            LogOpened(door.Silo!);
            UpdateView();
        }
    }

    private void UpdateView()
    {
        // Doors open at the same time: none may write a view that another one is missing in.
        lock (_viewLock)
        {
            var all = Volatile.Read(ref _doors);
            SiloDoor[] doors = [.. all.Values.Where(door => door.Silo is not null)];
            Volatile.Write(ref _view, new(doors, [.. doors.Select(door => door.Silo!.GetConsistentHashCode())], all.Count > 0 && doors.Length == all.Count));
        }
    }

    /// <summary>The open door of the silo that owns a job.</summary>
    /// <param name="key">The job's key.</param>
    /// <param name="leastSilos">
    /// With fewer silos there is none: a client of one silo reaches its grains directly, and for a single call a door would only be one step more.
    /// </param>
    private SiloDoor? FindOpen(string key, int leastSilos = 2)
    {
        var view = Volatile.Read(ref _view);
        if (view.Doors.Length < leastSilos)
        {
            return null;
        }

        var door = view.Doors[RendezvousHash.IndexOf(GrainId.Create(JobGrain.Type, key).GetUniformHashCode(), view.Hashes)];
        return door.IsOpen ? door : null;
    }

    private Task<JobReply> SubmitAsync(SiloDoor door, JobCall.Submit submit) =>
        ReplyAsync(door, submit, async job => AfterNoAnswer(await submit.ToAsync(job)));

    private async Task<JobReply> ReplyAsync(SiloDoor door, JobCall call, Func<IJobGrain, Task<JobReply>> otherWay) =>
        await AnswerAsync(door, call) is CallAnswer.Replied { Reply: var reply } ? reply : await otherWay(grains.GetJob(call.Key));

    /// <summary>The reply to a submit that a door was given before: that one may have created the job, or may do so yet.</summary>
    /// <exception cref="TimeoutException">The job's grain has refused the second one, which says nothing of the first one.</exception>
    private static JobReply AfterNoAnswer(JobReply reply) => reply switch
    {
        JobReply.TaskChanged => new JobReply.TaskChanged(MayHaveStarted: true),
        { IsRefusal: true } => throw new TimeoutException($"The job's silo has not answered a submit, and its grain has refused it since: {reply}."),
        _ => reply,
    };

    /// <exception cref="TimeoutException">The job's grain has not answered, and would not answer another call.</exception>
    private async Task<CallAnswer> AnswerAsync(SiloDoor door, JobCall call)
    {
        var since = timeProvider.GetTimestamp();
        var answer = await door.CallAsync(call).ConfigureAwait(false);
        return answer is CallAnswer.Failed && timeProvider.GetElapsedTime(since) >= CallTime
            ? throw new TimeoutException("The job's grain has not answered.")
            : answer;
    }

    /// <param name="Doors">The doors that have answered once.</param>
    /// <param name="Hashes">Of their silos.</param>
    /// <param name="AreAll">Whether these are the doors of all silos.</param>
    private sealed record View(SiloDoor[] Doors, int[] Hashes, bool AreAll);
}
