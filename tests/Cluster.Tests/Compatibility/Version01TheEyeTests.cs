using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>What version 0.1 has stored in Redis is found and answered by this version. Where it stood in front of TheEye.</summary>
public sealed class Version01TheEyeTests(Version01TheEyeCluster cluster) : IClassFixture<Version01TheEyeCluster>
{
    private Recorded Recorded => cluster.Recorded;

    [ClusterFact]
    public Task A_job_that_has_ended_is_answered_byte_for_byte() => AnswersAsBeforeAsync(Recorded.Jobs);

    [ClusterFact]
    public Task A_repeat_with_the_same_key_gets_the_stored_job_and_with_other_arguments_a_refusal() => AnswersAsBeforeAsync(Recorded.Repeats);

    [ClusterFact]
    public async Task A_job_that_was_not_released_is_released_once_when_its_call_is_repeated()
    {
        var call = Recorded.Unfinished[TheEyeRecording.NotReleased];
        var repeated = await cluster.SendAsync(call with { Prefer = null });
        Assert.Equal((200, call.JobId, """["not released"]"""), (repeated.Status, repeated.JobId, repeated.Answer));
        var job = cluster.TheEye.Job(call.JobId!);
        Assert.Equal((1, 1), (job.SyncedCalls, job.Runs));
    }

    [ClusterFact]
    public Task A_call_whose_job_was_given_up_makes_another_one() => MakesAnotherAsync(TheEyeRecording.Freed);

    [ClusterFact]
    public async Task A_key_that_still_names_a_job_that_was_given_up_is_freed_by_a_repeat()
    {
        var refused = await cluster.SendAsync(Recorded.Unfinished[TheEyeRecording.GivenUp]);
        Assert.Equal(502, refused.Status);
        await Eventually.TrueAsync(
            async () => (await StoredKeys.ReadAsync(cluster.Redis)).Count(stored => stored.Value.Names(refused.JobId!)) == 1,
            "only the job's own record names it");
        await MakesAnotherAsync(TheEyeRecording.GivenUp);
    }

    [ClusterFact]
    public async Task What_is_stored_now_has_keys_of_the_same_kinds()
    {
        var earlier = await StoredKeys.ReadAsync(cluster.Redis);
        Assert.Equal(200, (await cluster.SendAsync(Recorded.Repeats[0] with { Key = "new" })).Status);
        var now = (await StoredKeys.ReadAsync(cluster.Redis)).Kinds(key => !earlier.ContainsKey(key));
        var before = (await StoredKeys.ReadAsync(Recorded.PathOf("theeye.redis.json"))).Kinds(_ => true);
        Assert.Equal(before, now);
    }

    private async Task AnswersAsBeforeAsync(IEnumerable<Exchange> before)
    {
        foreach (var exchange in before)
        {
            Assert.Equal(exchange, await cluster.SendAsync(exchange));
        }
    }

    private async Task MakesAnotherAsync(string name)
    {
        var repeated = await cluster.SendAsync(Recorded.Unfinished[name]);
        Assert.Equal((200, $"[\"{name}\"]"), (repeated.Status, repeated.Answer));
        Assert.Equal(1, cluster.TheEye.Job(repeated.JobId!).Runs);
    }
}
