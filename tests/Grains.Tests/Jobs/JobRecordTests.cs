using SyncCluster.Jobs;
using SyncCluster.Storage;

namespace SyncCluster.Grains.Tests.Jobs;

public sealed class JobRecordTests
{
    private static readonly DateTimeOffset Later = JobSamples.Now.AddSeconds(1);
    private static readonly Guid Attempt = Guid.NewGuid();
    private static readonly JobRecord Ready = JobRecord.Fenced(JobSamples.Spec(), Attempt, null!, JobSamples.Now);
    private static readonly JobRecord Assigned = Ready.AssignedTo(Guid.NewGuid(), null!, JobSamples.Now);
    private static readonly JobRecord Finished = Assigned.Ended(JobSamples.Outcome(), JobSamples.Now);

    [Fact]
    public void A_new_job_is_ready_and_may_not_be_evicted()
    {
        Assert.Equal((Lifecycle.Ready, JobState.InProgress, Attempt, Guid.Empty), (Ready.Lifecycle, Ready.State, Ready.Attempt, Ready.Run));
        Assert.True(((IStoredRecord)Ready).IsUnfinished);
        Assert.Null(Ready.Document);
    }

    [Fact]
    public void A_ready_job_can_be_taken_over()
    {
        var attempt = Guid.NewGuid();

        var reassigned = Ready.Reassigned(attempt, null!, Later);

        Assert.Equal((attempt, Lifecycle.Ready, Later), (reassigned.Attempt, reassigned.Lifecycle, reassigned.LastUpdate));
        Assert.Equal((Attempt, JobSamples.Now), (Ready.Attempt, Ready.LastUpdate));
    }

    [Fact]
    public void A_ready_job_can_be_assigned()
    {
        var run = Guid.NewGuid();

        var assigned = Ready.AssignedTo(run, null!, Later);

        Assert.Equal((run, Attempt, Lifecycle.Assigned, Later), (assigned.Run, assigned.Attempt, assigned.Lifecycle, assigned.LastUpdate));
        Assert.Equal((Guid.Empty, Lifecycle.Ready), (Ready.Run, Ready.Lifecycle));
    }

    [Theory]
    [InlineData(Lifecycle.Finished, JobState.Success)]
    [InlineData(Lifecycle.Finished, JobState.Failure)]
    [InlineData(Lifecycle.Terminated, JobState.Timeout)]
    [InlineData(Lifecycle.Terminated, JobState.Failure)]
    [InlineData(Lifecycle.Canceled, JobState.Canceled)]
    public void An_unfinished_job_can_end(Lifecycle lifecycle, JobState state)
    {
        foreach (var record in new[] { Ready, Assigned })
        {
            var before = record with { };

            var ended = record.Ended(JobSamples.Outcome(lifecycle, state), Later);

            Assert.Equal((lifecycle, state, Later, true), (ended.Lifecycle, ended.State, ended.LastUpdate, ended.HasEnded));
            Assert.Equal(JobDocument.Render(record, JobSamples.Outcome(lifecycle, state), Later), ended.Document);
            Assert.Equal(before, record);
        }
    }

    [Fact]
    public void What_only_a_run_needs_is_kept_only_in_the_document_of_an_ended_job()
    {
        Assert.Empty(Finished.Spec.Arguments);
        Assert.Empty(Finished.Spec.Env);
        Assert.NotEmpty(Assigned.Spec.Arguments);
        Assert.NotEmpty(Assigned.Spec.Env);
        Assert.Contains("NODE_ENV", System.Text.Encoding.UTF8.GetString(Finished.Document!), StringComparison.Ordinal);
        Assert.False(((IStoredRecord)Finished).IsUnfinished);
    }

    [Fact]
    public void A_job_can_end_in_the_write_that_creates_it()
    {
        var ended = JobRecord.EndedAtOnce(JobSamples.Spec(), Attempt, JobSamples.Outcome(), Later);

        Assert.Equal((Lifecycle.Finished, JobState.Success, Attempt), (ended.Lifecycle, ended.State, ended.Attempt));
        Assert.NotNull(ended.Document);
    }

    [Fact]
    public void An_assigned_or_ended_job_is_never_run_again()
    {
        foreach (var record in new[] { Assigned, Finished })
        {
            Assert.Throws<InvalidOperationException>(() => record.Reassigned(Guid.NewGuid(), null!, Later));
            Assert.Throws<InvalidOperationException>(() => record.AssignedTo(Guid.NewGuid(), null!, Later));
        }
    }

    [Fact]
    public void A_finished_job_never_changes() =>
        Assert.Throws<InvalidOperationException>(() => Finished.Ended(JobSamples.Outcome(), Later));

    [Theory]
    [InlineData(Lifecycle.Syncing, JobState.Success)]
    [InlineData(Lifecycle.Ready, JobState.Success)]
    [InlineData(Lifecycle.Assigned, JobState.Success)]
    [InlineData(Lifecycle.Finished, JobState.InProgress)]
    public void A_job_ends_only_with_a_lifecycle_and_a_state_of_an_end(Lifecycle lifecycle, JobState state) =>
        Assert.Throws<InvalidOperationException>(() => Assigned.Ended(JobSamples.Outcome(lifecycle, state), Later));
}
