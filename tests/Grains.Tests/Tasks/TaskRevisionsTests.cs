using Microsoft.Extensions.Time.Testing;
using SyncCluster.Harness;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

/// <summary>What a silo says of a task, and for how long it takes what the grain has said for true.</summary>
public sealed class TaskRevisionsTests
{
    private const string Greet = "demo/greet";

    private static readonly SiloAddress Here = SiloAddress.FromParsableString("127.0.0.1:11111@1");
    private static readonly SiloAddress Elsewhere = SiloAddress.FromParsableString("127.0.0.1:11112@1");
    private static readonly TimeSpan Validity = TimeSpan.FromSeconds(2);

    /// <summary>After what time a silo does not take an answer for true any longer, even if timers are early.</summary>
    private static readonly TimeSpan Term = TimeSpan.FromSeconds(2.05);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new();
    private readonly Guid _revision = Guid.NewGuid();
    private readonly AnotherSilo _silo = new();
    private readonly TaskRevisions _revisions;
    private Func<Task<Guid?>> _grain;
    private int _questions;

    public TaskRevisionsTests()
    {
        _grain = () => Task.FromResult<Guid?>(_revision);
        var grain = StandIn.Of<ITaskGrain>(_ =>
        {
            _questions++;
            return _grain();
        });
        _revisions = new(
            StandIn.Of<IGrainFactory>((_, arguments) => arguments[0] is GrainId id && id.IsSystemTarget() ? _silo : grain),
            StandIn.Of<ILocalSiloDetails>(_ => Here),
            _time);
    }

    [Fact]
    public async Task A_task_is_not_taken_for_current_if_its_grain_fails()
    {
        _grain = () => Task.FromException<Guid?>(new OrleansException("Storage can't be reached."));

        Assert.False(await IsCurrentAsync());
    }

    [Fact]
    public async Task A_task_is_not_taken_for_current_if_its_grain_does_not_answer_in_time()
    {
        var (_, current) = BeginQuestion();

        _time.Advance(Patience - Moment);
        Assert.False(current.IsCompleted);
        _time.Advance(Moment);
        Assert.False(await current.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_grain_that_answers_at_the_last_moment_is_believed()
    {
        var (answer, current) = BeginQuestion();

        _time.Advance(Patience - Moment);
        answer.SetResult(_revision);
        Assert.True(await current.WaitAsync(Limit));
    }

    [Fact]
    public async Task What_a_grain_has_said_counts_for_two_seconds()
    {
        Assert.True(await IsCurrentAsync());
        _time.Advance(Validity - Moment);
        Assert.True(await IsCurrentAsync());
        Assert.False(await _revisions.IsCurrentAsync(Greet, Guid.NewGuid()));
        Assert.Equal(1, _questions);

        _time.Advance(Moment);
        _grain = () => Task.FromResult<Guid?>(Guid.NewGuid());
        Assert.False(await IsCurrentAsync());
        Assert.Equal(2, _questions);
    }

    [Fact]
    public async Task The_time_for_which_it_counts_begins_with_the_question()
    {
        var (answer, current) = BeginQuestion();
        _time.Advance(Patience - Moment);
        answer.SetResult(_revision);
        Assert.True(await current.WaitAsync(Limit));
        _time.Advance(Validity - Patience);
        Assert.True(await IsCurrentAsync());
        Assert.Equal(1, _questions);

        _time.Advance(Moment);
        Assert.True(await IsCurrentAsync());
        Assert.Equal(2, _questions);
    }

    [Fact]
    public async Task A_silo_that_is_told_to_forget_asks_again()
    {
        Assert.True(await IsCurrentAsync());
        _revisions.Forget(Greet);

        Assert.True(await IsCurrentAsync());
        Assert.Equal(2, _questions);
    }

    [Fact]
    public async Task An_answer_that_was_on_its_way_when_the_silo_was_told_to_forget_counts_for_its_question_alone()
    {
        var (answer, current) = BeginQuestion();
        _revisions.Forget(Greet);
        answer.SetResult(_revision);

        Assert.True(await current.WaitAsync(Limit));
        Assert.True(await IsCurrentAsync());
        Assert.Equal(2, _questions);
    }

    [Fact]
    public async Task That_there_is_no_task_counts_for_its_question_alone()
    {
        _grain = () => Task.FromResult<Guid?>(null);
        Assert.False(await IsCurrentAsync());
        _grain = () => Task.FromResult<Guid?>(_revision);

        Assert.True(await IsCurrentAsync());
    }

    [Fact]
    public async Task This_silo_forgets_without_a_message()
    {
        Assert.True(await IsCurrentAsync());
        await _revisions.ForgetAtAsync(Greet, Here, _time.GetTimestamp());

        Assert.True(await IsCurrentAsync());
        Assert.Equal(2, _questions);
        Assert.Empty(_silo.Told);
    }

    [Fact]
    public async Task Another_silo_is_waited_for_until_it_has_forgotten()
    {
        var forgotten = new TaskCompletionSource();
        _silo.Answer = () => forgotten.Task;
        var forgetting = _revisions.ForgetAtAsync(Greet, Elsewhere, _time.GetTimestamp());
        Assert.Equal([Greet], _silo.Told);
        Assert.False(forgetting.IsCompleted);

        forgotten.SetResult();
        await forgetting.WaitAsync(Limit);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_silo_that_can_not_be_told_is_waited_for_until_it_does_not_count_any_longer(bool hangs)
    {
        var answer = new TaskCompletionSource();
        if (!hangs)
        {
            answer.SetException(new SiloUnavailableException());
        }

        _silo.Answer = () => answer.Task;
        var saidAt = _time.GetTimestamp();
        _time.Advance(Term / 2);
        var forgetting = _revisions.ForgetAtAsync(Greet, Elsewhere, saidAt);
        _time.Advance((Term / 2) - Moment);
        Assert.False(forgetting.IsCompleted);

        _time.Advance(Moment);
        await forgetting.WaitAsync(Limit);
    }

    [Fact]
    public async Task A_silo_need_not_be_told_once_it_does_not_count_any_longer()
    {
        var saidAt = _time.GetTimestamp();
        _time.Advance(Term);
        await _revisions.ForgetAtAsync(Greet, Elsewhere, saidAt);

        Assert.Empty(_silo.Told);
    }

    /// <summary>Asks the grain, which answers when the test has it answer.</summary>
    private (TaskCompletionSource<Guid?> Answer, Task<bool> Current) BeginQuestion()
    {
        var answer = new TaskCompletionSource<Guid?>();
        _grain = () => answer.Task;
        return (answer, IsCurrentAsync());
    }

    private Task<bool> IsCurrentAsync() => _revisions.IsCurrentAsync(Greet, _revision).AsTask();

    private sealed class AnotherSilo : ITaskRevisionService
    {
        public List<string> Told { get; } = [];

        public Func<Task> Answer { get; set; } = () => Task.CompletedTask;

        public Task Forget(string key)
        {
            Told.Add(key);
            return Answer();
        }
    }
}
