using System.Text.Json;
using System.Threading.Channels;

namespace SyncCluster.TheEye.Jobs;

/// <summary>Runs ready jobs. While the supervisor is down, no job is started, and reports wait until it is up again.</summary>
internal sealed class Agents
{
    private readonly TheEyeOptions _options;
    private readonly Counters _counters;
    private readonly Changes _changes;
    private readonly Action<Job, JobEnd> _report;
    private readonly Func<RunningJob, CancellationToken, Task<JobEnd>> _agent;
    private readonly Channel<Job>? _queue;
    private volatile TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Agents(TheEyeOptions options, Counters counters, Changes changes, Action<Job, JobEnd> report)
    {
        (_options, _counters, _changes, _report) = (options, counters, changes, report);
        _agent = options.Agent ?? EchoAsync;
        if (options.Agents < int.MaxValue)
        {
            _queue = Channel.CreateUnbounded<Job>();
            for (var agent = 0; agent < options.Agents; agent++)
            {
                _ = WorkAsync(_queue.Reader);
            }
        }
    }

    public void SupervisorIsUp() => _up.TrySetResult();

    public void SupervisorIsDown() => _up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets no agent start another job.</summary>
    public void Stop() => _queue?.Writer.TryComplete();

    public void Offer(Job job)
    {
        if (_queue is not null)
        {
            _queue.Writer.TryWrite(job);
            return;
        }

        ThreadPool.UnsafeQueueUserWorkItem(ready => _ = RunAsync(ready), job, preferLocal: false);
    }

    private async Task WorkAsync(ChannelReader<Job> ready)
    {
        await foreach (var job in ready.ReadAllAsync())
        {
            await RunAsync(job);
        }
    }

    private async Task RunAsync(Job job)
    {
        await _up.Task;
        var run = job.Assign(_options.Time.GetUtcNow(), out var canceled);
        if (run == 0)
        {
            return;
        }

        _counters.Add(CountedAction.Run);
        if (run == 2)
        {
            _counters.Add(CountedAction.RunTwice);
        }

        _changes.Signal();
        JobEnd end;
        try
        {
            end = await _agent(new RunningJob(job.Id, job.Owner.Task, job.Owner.Customer, job.User, job.Arguments, run), canceled);
        }
        catch (OperationCanceledException) when (canceled.IsCancellationRequested)
        {
            return;
        }
        catch (Exception fault)
        {
            end = new JobEnd { State = "failure", Output = JsonText(fault.Message) };
        }

        await _up.Task;
        _report(job, end);
    }

    private async Task<JobEnd> EchoAsync(RunningJob job, CancellationToken canceled)
    {
        if (_options.TaskTime > TimeSpan.Zero)
        {
            await Task.Delay(_options.TaskTime, _options.Time, canceled);
        }

        return new JobEnd { Output = Arguments.AsStrings(job.Arguments) };
    }

    private static byte[] JsonText(string text) => JsonSerializer.SerializeToUtf8Bytes(new[] { text });
}
