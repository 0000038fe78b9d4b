using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

/// <summary>What a silo says of a task whose grain does not.</summary>
public sealed class TaskRevisionsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    private readonly FakeTimeProvider _time = new();
    private readonly Guid _revision = Guid.NewGuid();

    [Fact]
    public async Task A_task_is_not_taken_for_current_if_its_grain_fails()
    {
        var revisions = Revisions(() => Task.FromException<Guid?>(new OrleansException("Storage can't be reached.")));

        Assert.False(await revisions.IsCurrentAsync("demo/greet", _revision));
    }

    [Fact]
    public async Task A_task_is_not_taken_for_current_if_its_grain_does_not_answer_in_time()
    {
        var answer = new TaskCompletionSource<Guid?>();
        var current = Revisions(() => answer.Task).IsCurrentAsync("demo/greet", _revision).AsTask();

        _time.Advance(Patience - TimeSpan.FromMilliseconds(1));
        Assert.False(current.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(await current.WaitAsync(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task A_grain_that_answers_at_the_last_moment_is_believed()
    {
        var answer = new TaskCompletionSource<Guid?>();
        var current = Revisions(() => answer.Task).IsCurrentAsync("demo/greet", _revision).AsTask();

        _time.Advance(Patience - TimeSpan.FromMilliseconds(1));
        answer.SetResult(_revision);
        Assert.True(await current.WaitAsync(TimeSpan.FromMinutes(1)));
    }

    private TaskRevisions Revisions(Func<Task<Guid?>> getRevision)
    {
        var grain = StandIn.Of<ITaskGrain>(_ => getRevision());
        return new(StandIn.Of<IGrainFactory>(_ => grain), _time);
    }
}
