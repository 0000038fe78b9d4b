using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;

namespace SyncCluster.Grains.Tests.Jobs;

/// <summary>What the list of tasks says of their jobs.</summary>
public sealed class TaskActivitiesTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);
    private static readonly AskedTask[] Tasks = [new("a", []), new("b", ["team:ops"])];

    private uint _jobs;

    [Fact]
    public void Calls_and_failures_of_the_time_are_counted_and_canceled_jobs_have_not_failed()
    {
        var activities = SumUp(
            [Job("a", 1, JobState.InProgress), Job("a", 2, JobState.Failure), Job("a", 3, JobState.Timeout), Job("a", 4, JobState.Error), Job("a", 5, JobState.Canceled), Job("a", 25, JobState.Failure)]);
        Assert.Equal(
            [new() { TaskId = "a", LastCall = Now.AddHours(-1), LastState = JobState.InProgress, Calls = 5, Failures = 3 }],
            activities.Tasks);
        Assert.True(activities.IsWhole);
    }

    [Fact]
    public void The_last_job_counts_however_long_ago_it_was()
    {
        var activity = Assert.Single(SumUp([Job("a", 100, JobState.Success), Job("a", 101, JobState.Failure)]).Tasks);
        Assert.Equal((JobState.Success, Now.AddHours(-100), 0, 0), (activity.LastState, activity.LastCall, activity.Calls, activity.Failures));
    }

    [Fact]
    public void A_job_that_the_index_has_twice_is_one_that_has_ended()
    {
        var job = Job("a", 1, JobState.Failure);
        foreach (var entries in (JobEntry[][])[[job.ToUnfinished(), job], [job, job.ToUnfinished()]])
        {
            var activity = Assert.Single(SumUp(entries).Tasks);
            Assert.Equal((JobState.Failure, 1, 1), (activity.LastState, activity.Calls, activity.Failures));
        }
    }

    [Fact]
    public void There_may_be_more_calls_where_there_are_more_entries_than_were_read()
    {
        Assert.False(SumUp([Job("a", 1, JobState.Success)], isLast: false).IsWhole);
        Assert.True(SumUp([Job("a", 1, JobState.Success), Job("a", 25, JobState.Success)], isLast: false).IsWhole);
    }

    [Fact]
    public void Jobs_that_were_called_under_another_access_list_are_told_to_administrators_alone()
    {
        JobEntry[] entries = [Job("b", 1, JobState.Failure, "team:finance"), Job("b", 2, JobState.Success, "team:ops"), Job("b", 3, JobState.Success)];
        Assert.Equal((JobState.Success, 2), StateAndCalls(SumUp(entries)));
        Assert.Equal((JobState.Failure, 3), StateAndCalls(SumUp(entries, isAdministrator: true)));

        static (JobState, int) StateAndCalls(TaskActivities activities) => Assert.Single(activities.Tasks) is var task ? (task.LastState, task.Calls) : default;
    }

    [Fact]
    public void A_task_that_was_not_asked_for_is_not_told() => Assert.Empty(SumUp([Job("c", 1, JobState.Success)]).Tasks);

    private static TaskActivities SumUp(JobEntry[] entries, bool isLast = true, bool isAdministrator = false) => TaskActivities.Of(
        new() { Viewer = new JobViewer(isAdministrator, ["team:ops"]), Tasks = Tasks, Since = Now.AddHours(-24) }, entries, isLast);

    private JobEntry Job(string task, int hoursAgo, JobState state, params string[] acl) => new(
        new JobPosition(JobPosition.Micros(Now.AddHours(-hoursAgo)), 1, ++_jobs),
        JobEntry.Hash(task),
        Caller: 0,
        JobEntry.HashOf(acl),
        state == JobState.InProgress ? JobEntry.UnfinishedLifecycle : Lifecycle.Finished,
        state,
        EndedAt: state == JobState.InProgress ? 0u : 1);
}
