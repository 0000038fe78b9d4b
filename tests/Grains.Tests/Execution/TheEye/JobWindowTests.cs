using Microsoft.Extensions.Time.Testing;
using SyncCluster.Execution.TheEye;

namespace SyncCluster.Grains.Tests.Execution.TheEye;

/// <summary>Which jobs of a task may be created, so that TheEye deletes none whose answer was not read. Here it keeps the newest 3.</summary>
public sealed class JobWindowTests
{
    private const int Kept = 3;

    private readonly FakeTimeProvider _time = new();
    private readonly JobWindow _window;
    private int _tickets;

    public JobWindowTests() => _window = new(_time);

    [Fact]
    public void No_more_jobs_are_created_than_TheEye_keeps()
    {
        Queue("a", "b", "c", "d");
        Assert.Equal(["a", "b", "c"], _window.Admit());
        Assert.Empty(_window.Admit());
        Bind("a", "b", "c");
        _window.Leave("job of a");
        Assert.Equal(["d"], _window.Admit());
    }

    [Fact]
    public void A_job_that_runs_for_long_is_not_passed_by_more_jobs_than_TheEye_keeps_beside_it()
    {
        Create("long");
        foreach (var shortJob in (string[])["a", "b"])
        {
            Create(shortJob);
            _window.Leave(shortJob);
        }

        Queue("c");
        Assert.Empty(_window.Admit());
        _window.Leave("long");
        Assert.Equal(["c"], _window.Admit());
    }

    [Fact]
    public void A_job_that_may_be_created_later_than_the_next_one_counts_as_newer()
    {
        // Its creation is under way while the other one is created.
        Queue("slow");
        _window.Admit();
        Create("other");
        _window.Bind("slow", "slow job");
        _window.Leave("slow job");
        Create("next");
        _window.Leave("next");

        // TheEye has slow, next and this one newer than the other: it would delete that.
        Queue("one too many");
        Assert.Empty(_window.Admit());
    }

    [Fact]
    public void Jobs_that_are_created_at_once_are_ordered_by_their_ids_as_TheEye_does()
    {
        Queue("first", "second");
        _window.Admit();
        _window.Bind("second", "job 1");
        _window.Bind("first", "job 2");
        _window.Leave("job 1");

        // Beside the other one, two more are allowed.
        Create("job 3", "job 4");
        Queue("one too many");
        Assert.Empty(_window.Admit());
    }

    [Fact]
    public void A_job_that_was_not_created_is_not_newer_than_another()
    {
        Create("long");
        for (var refused = 0; refused < 10; refused++)
        {
            Queue($"refused {refused}");
            Assert.Single(_window.Admit());
            _window.Withdraw($"refused {refused}");
        }

        Queue("good");
        Assert.Equal(["good"], _window.Admit());
    }

    [Fact]
    public void A_call_that_is_given_up_while_it_waits_leaves_the_queue()
    {
        Create("a", "b", "c");
        Queue("gone", "next");
        _window.Withdraw("gone");
        _window.Leave("a");
        Assert.Equal(["next"], _window.Admit());
        Assert.False(_window.IsQueued("gone"));
    }

    [Fact]
    public void Users_take_turns()
    {
        QueueOf("busy", "a", "b", "c", "d", "e");
        Assert.Equal(["a", "b", "c"], _window.Admit());
        Bind("a", "b", "c");
        QueueOf("other", "f");
        _window.Leave("job of a");
        Assert.Equal(["f"], _window.Admit());
        _window.Leave("job of b");
        Assert.Equal(["d"], _window.Admit());
    }

    [Fact]
    public void Each_call_goes_by_the_limit_that_it_has_read()
    {
        Create("a", "b", "c");
        _window.Enqueue(new("raised", "", Kept + 1));
        Assert.Equal(["raised"], _window.Admit());
    }

    [Fact]
    public void A_job_that_is_found_lets_none_be_created_before_it_has_left()
    {
        _window.AddFound("found");
        Queue("a");
        Assert.Empty(_window.Admit());
        _window.Leave("found");
        Assert.Equal(["a"], _window.Admit());
    }

    [Fact]
    public void A_job_that_binds_an_unknown_ticket_counts_as_found()
    {
        Assert.False(_window.Bind("unknown", "job"));
        Queue("a");
        Assert.Empty(_window.Admit());
    }

    [Fact]
    public void A_job_that_was_found_before_it_is_bound_has_one_place()
    {
        Queue("a");
        _window.Admit();
        _window.AddFound("job");
        Assert.True(_window.Bind("a", "job"));
        _window.Leave("job");
        Assert.True(_window.IsEmpty);
    }

    [Fact]
    public void Gateways_that_are_gone_keep_no_turn_and_no_place()
    {
        Queue("created", "under way", "another", "waits");
        _window.Admit();
        _window.Bind("created", "job");
        _time.Advance(TimeSpan.FromSeconds(20));
        _window.Prune(TimeSpan.FromSeconds(30));
        Assert.False(_window.IsQueued("waits"));
        Assert.True(_window.Holds("under way"));
        _time.Advance(TimeSpan.FromSeconds(20));
        _window.Prune(TimeSpan.FromSeconds(30));
        Assert.False(_window.Holds("under way"));
        Assert.True(_window.Holds("job"));
    }

    [Fact]
    public void A_call_that_asks_again_keeps_its_turn()
    {
        Create("a", "b", "c");
        Queue("first", "second");
        _time.Advance(TimeSpan.FromSeconds(5));
        Queue("second", "first");
        _time.Advance(TimeSpan.FromSeconds(5));
        _window.Prune(TimeSpan.FromSeconds(30));
        _window.Leave("a");
        Assert.Equal(["first"], _window.Admit());
    }

    [Fact]
    public void A_job_is_checked_while_it_keeps_a_call_waiting_and_else_now_and_then()
    {
        Create("a", "b", "c");
        Assert.Empty(_window.TakeChecks());
        Queue("waits");

        // Beside b there may be one more.
        Assert.Equal(["a"], _window.TakeChecks());
        _window.Withdraw("waits");
        Assert.Empty(_window.TakeChecks());
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(3, _window.TakeChecks().Count);
        Assert.Empty(_window.TakeChecks());
    }

    private void Queue(params string[] tickets) => QueueOf("", tickets);

    private void QueueOf(string user, params string[] tickets)
    {
        foreach (var ticket in tickets)
        {
            _window.Enqueue(new(ticket, user, Kept));
        }
    }

    private void Bind(params string[] tickets)
    {
        foreach (var ticket in tickets)
        {
            Assert.True(_window.Bind(ticket, $"job of {ticket}"));
        }
    }

    /// <summary>Jobs whose creation is over before that of the next one begins; a job has the name of its ticket.</summary>
    private void Create(params string[] jobs)
    {
        foreach (var job in jobs)
        {
            _window.Enqueue(new($"ticket {_tickets++}", "", Kept));
            _window.Bind(_window.Admit().Single(), job);
        }
    }
}
