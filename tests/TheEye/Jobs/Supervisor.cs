using System.Collections.Concurrent;
using System.Text.Json;
using SyncCluster.TheEye.Http;

namespace SyncCluster.TheEye.Jobs;

/// <summary>
/// What the supervisor does with jobs, once a call is authorized. A syncing job waits for <c>synced</c>, which makes it ready; an agent
/// makes a ready one assigned and ends it. <c>synced</c> reads and saves in two steps without a lock around both, so it can make a job
/// ready that an agent already has.
/// </summary>
internal sealed class Supervisor
{
    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private readonly TheEyeOptions _options;
    private readonly Counters _counters;
    private readonly Changes _changes;
    private readonly Publisher _publisher;

    public Supervisor(TheEyeOptions options, Counters counters, Changes changes, Publisher publisher)
    {
        (_options, _counters, _changes, _publisher) = (options, counters, changes, publisher);
        Agents = new Agents(options, counters, changes, Report);
    }

    public Agents Agents { get; }

    public IEnumerable<Job> Jobs => _jobs.Select(pair => pair.Value);

    private DateTimeOffset Now => _options.Time.GetUtcNow();

    /// <summary>The job with that id, also a deleted one; null where there never was one.</summary>
    public Job? Find(string id) => _jobs.GetValueOrDefault(id);

    public Answer Create(TaskOfCustomer task, TheEyeUser? user, string? token, Arguments arguments, byte[] body)
    {
        var bound = arguments.Count < task.Task.ArgumentCount ? null : task.Task.Bind(arguments.Json);
        var job = new Job(NewId.Next(), task, user, bound ?? arguments.Json, body, Now);
        if (token is not null)
        {
            job.Seen(token);
        }

        var valid = bound is not null;
        var ready = valid && task.Task.Type == TaskType.Script && !arguments.Syncing;
        job.Begin(task.Task.Type == TaskType.Approval ? Lifecycle.OnHold : ready ? Lifecycle.Ready : Lifecycle.Syncing);
        _jobs[job.Id] = job;
        task.Add(job, RemoveIfEnded);
        _counters.Add(CountedAction.Create);
        if (!valid)
        {
            End(job, new JobEnd { Lifecycle = Lifecycle.Terminated, State = "error" });
        }
        else if (task.Task.Type is TaskType.Dummy or TaskType.Notification)
        {
            End(job, new JobEnd { Output = task.Task.Type == TaskType.Dummy ? Arguments.AsStrings(job.Arguments) : "[]"u8.ToArray() });
        }

        var document = job.Document();
        if (ready)
        {
            Agents.Offer(job);
        }

        _changes.Signal();
        return Answer.Json(document);
    }

    /// <summary>A syncing job that was made before.</summary>
    public void Add(string id, TaskOfCustomer task, ReadOnlyMemory<byte> arguments)
    {
        var job = new Job(id, task, null, arguments, [], Now);
        job.Begin(Lifecycle.Syncing);
        _jobs[id] = job;
        task.Add(job, RemoveIfEnded);
    }

    /// <summary>The task's document, as far as a client of jobs needs it.</summary>
    public static Answer Document(TheEyeTask task) => Answer.Json(JsonSerializer.SerializeToUtf8Bytes(new
    {
        id = task.Id,
        name = task.Name,
        autoremove_completed_jobs = task.AutoremoveCompletedJobs,
        autoremove_completed_jobs_limit = task.KeepLimit,
    }));

    public async Task<Answer> SyncedAsync(Job job, CancellationToken stopping)
    {
        _counters.Add(CountedAction.Synced);

        // The pause begins before the read is counted, so that a test can move the clock as soon as it sees the read.
        var pause = _options.SyncedPause > TimeSpan.Zero ? Task.Delay(_options.SyncedPause, _options.Time, stopping) : Task.CompletedTask;
        var read = job.ReadForSynced();
        _changes.Signal();
        if (read != Lifecycle.Syncing)
        {
            return Answer.Refusal(400, $"the job is {read}, not syncing");
        }

        await pause;
        await Task.Yield();
        stopping.ThrowIfCancellationRequested();
        if (job.SaveReady(Now) != Lifecycle.Syncing)
        {
            _counters.Add(CountedAction.SaveOver);
        }

        _changes.Signal();
        Agents.Offer(job);
        return Answer.Ok;
    }

    public Answer Get(Job job)
    {
        if (job.Fetch() is not { } document)
        {
            return NoSuchJob(job.Id);
        }

        _counters.Add(CountedAction.Get);
        _changes.Signal();
        return Answer.Json(document);
    }

    public Answer Hold(Job job)
    {
        _counters.Add(CountedAction.Hold);
        var held = job.TryHold(Now);
        _changes.Signal();
        return held ? Answer.Ok : Answer.Refusal(400, "the job cannot be put on hold any more");
    }

    /// <summary>Leaves syncing and ended jobs as they are; the answer is the same.</summary>
    public Answer Cancel(Job job)
    {
        _counters.Add(CountedAction.Cancel);
        End(job, lifecycle => lifecycle switch
        {
            Lifecycle.Ready or Lifecycle.OnHold => new JobEnd { Lifecycle = Lifecycle.Canceled, State = "canceled" },
            Lifecycle.Assigned => new JobEnd { Lifecycle = Lifecycle.Terminated, State = "canceled" },
            _ => null,
        });
        _changes.Signal();
        return Answer.NoContent;
    }

    /// <summary>Ends the job in any lifecycle, unless it has ended.</summary>
    public bool End(Job job, JobEnd end) => End(job, lifecycle => Lifecycle.HasEnded(lifecycle) ? null : end);

    public bool Approve(Job job) =>
        End(job, lifecycle => lifecycle == Lifecycle.OnHold ? new JobEnd { Output = Arguments.AsStrings(job.Arguments) } : null);

    public void Delete(Job job)
    {
        job.Remove(onlyEnded: false);
        _changes.Signal();
    }

    public static Answer NoSuchJob(string id) => Answer.Refusal(404, $"job {id} not found");

    /// <summary>Takes the report of an agent, which is valid for an assigned job only.</summary>
    private void Report(Job job, JobEnd end) => End(job, lifecycle => lifecycle == Lifecycle.Assigned ? end : null);

    private bool End(Job job, Func<string, JobEnd?> from)
    {
        JobEnd? end = null;
        if (!job.TryEnd(lifecycle => end = from(lifecycle), Now))
        {
            return false;
        }

        _publisher.Publish(job, end!);
        _counters.Add(CountedAction.End);
        _changes.Signal();
        return true;
    }

    private bool RemoveIfEnded(Job job)
    {
        var removal = job.Remove(onlyEnded: true);
        if (removal == RemovalOutcome.Kept)
        {
            return job.Removed;
        }

        if (_options.ForgetsDeleted)
        {
            _jobs.TryRemove(job.Id, out _);
        }

        _counters.Add(CountedAction.Remove);
        if (removal == RemovalOutcome.RemovedUnfetched)
        {
            _counters.Add(CountedAction.RemoveUnfetched);
        }

        return true;
    }
}
