using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SyncCluster.Cluster.Tests.CutOff;
using SyncCluster.Cluster.Tests.Processes;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>
/// Clients that repeat their calls with their keys, in front of TheEye, which chooses the jobs' ids: a gateway that dies may have had a job made of
/// which it has told nobody yet. <c>SYNCCLUSTER_CUTOFF_ROUNDS</c> says three times how many calls, by default few enough for every run of the tests.
/// </summary>
public sealed class TheEyeConnectionLossTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    private const int Count = 4;
    private const int Concurrency = 24;

    private static readonly TimeSpan BetweenGateways = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan BetweenSilos = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Freeze = TimeSpan.FromSeconds(1);

    /// <summary>What TheEye takes for each step, so that gateways die in each.</summary>
    private static readonly TimeSpan StepTime = TimeSpan.FromMilliseconds(60);

    private readonly ConcurrentDictionary<string, int> _seen = new();

    [ClusterFact]
    public async Task A_call_whose_gateway_dies_before_it_has_bound_its_job_is_repeated_and_runs_once()
    {
        var task = Cluster.AddTask();
        var made = Hold(Step.Create, FaultGate.BeforeAnswering(), Count, task.Id);
        await DieAndRepeatAsync(task, () => ArrivedAsync(made, Count), () => OpenAsync(made));
        Assert.Equal(2 * Count, JobsOf(task).Count);
        AssertOneOfEachRan(task);
    }

    [ClusterFact]
    public async Task A_call_whose_gateway_dies_before_it_has_submitted_its_job_is_repeated_and_that_job_runs()
    {
        var task = Cluster.AddTask();
        var before = await Cluster.Redis.CallsAsync();
        var made = Hold(Step.Create, FaultGate.BeforeAnswering(), Count, task.Id);
        await DieAndRepeatAsync(
            task,
            async () =>
            {
                await ArrivedAsync(made, Count);
                await Cluster.Redis.PauseWritesAsync();
                made.Open();
                await Until.TrueAsync(async () => await Cluster.Redis.WaitingWritersAsync() > 0, "a write waits");
            },
            async () =>
            {
                await Cluster.Redis.ResumeWritesAsync();
                await Until.TrueAsync(async () => await Cluster.Redis.CallsAsync() > before, "a call of the dead gateway has its job");
                Assert.All(JobsOf(task), job => Assert.Equal("syncing", job.Lifecycle));
            });

        // Of those that had theirs, none other was made.
        Assert.InRange(JobsOf(task).Count, Count, (2 * Count) - 1);
        AssertOneOfEachRan(task);
    }

    [ClusterFact]
    public async Task A_call_whose_gateway_dies_with_the_release_under_way_is_repeated_and_runs_once()
    {
        var task = Cluster.AddTask();
        var released = Hold(Step.Synced, FaultGate.BeforeActing(), Count);
        await DieAndRepeatAsync(task, () => ArrivedAsync(released, Count), () => OpenAsync(released));
        Assert.Equal(Count, JobsOf(task).Count);
        AssertOneOfEachRan(task);
    }

    [ClusterFact]
    public async Task A_client_that_is_cut_off_at_any_moment_and_repeats_its_call_gets_the_right_answer_and_its_job_runs_once()
    {
        var task = Cluster.AddTask(() => Task.Delay(TimeSpan.FromMilliseconds(40)));
        TheEye.Faults.Always(Step.Create, Fault.DelayAfter(StepTime), task.Id);
        TheEye.Faults.Always(Step.Synced, Fault.DelayAfter(StepTime));
        var rounds = new Rounds(Random.Next(), Rounds.CountOr(600) / 3);
        var client = new RetryingClient(Cluster, TheEyeCluster.CallerToken, PathOf(task), Judge, _seen);
        await using (var faults = new Faults(Print, Random.Next()))
        {
            faults.Begin(Cluster.Gateways, BetweenGateways, Freeze);
            faults.Begin(Cluster.Silos, BetweenSilos, Freeze);
            await rounds.RunAsync(client, Concurrency, (id, _) => (JsonSerializer.Serialize<string[]>([id]), TimeSpan.FromMilliseconds(160)));
            Print($"{faults.Kills} servers were killed meanwhile.");
        }

        await Cluster.RestoreAsync();
        await SettleAsync(then: () =>
        {
            var jobs = TheEyeAccount.JobsOf(Cluster);
            rounds.Settle(Print, _seen, round => jobs[round.Id].Sum(job => job.Runs), _ => false, keysKeepTheirJobs: false);
            Print($"{JobsOf(task).Count} jobs were made, of which {JobsOf(task).Count(job => job.SyncedCalls == 0)} were not released: "
                + $"{string.Join(", ", JobsOf(task).Where(job => job.SyncedCalls == 0).CountBy(job => job.Lifecycle).Select(count => $"{count.Value} {count.Key}"))}.");
            Assert.All(JobsOf(task), job => Assert.InRange(job.SyncedCalls, 0, 1));
        });
    }

    private static Task OpenAsync(FaultGate gate)
    {
        gate.Open();
        return Task.CompletedTask;
    }

    private static string PathOf(TheEyeTask task) => $"/{TheEyeCluster.Customer}/task/{task.Id}/job";

    private static Verdict Judge(Round round, int status, string body)
    {
        using var answer = JsonDocument.Parse(body);
        var answered = answer.RootElement.ValueKind == JsonValueKind.Object
            ? answer.RootElement.TryGetProperty("output", out var member) ? member.GetRawText() : ""
            : body;
        return status == 200 && answered == $"[\"{round.Id}\"]" ? Verdict.Right : Verdict.Wrong;
    }

    /// <summary>Calls at a gateway, kills it at a moment of their way, and repeats them at the other.</summary>
    /// <param name="task">What is called.</param>
    /// <param name="moment">Until the gateway is to die.</param>
    /// <param name="then">What goes on without it.</param>
    private async Task DieAndRepeatAsync(TheEyeTask task, Func<Task> moment, Func<Task> then)
    {
        var (killed, other) = (Cluster.Gateways[0], Cluster.Gateways[1]);
        var prefix = Guid.NewGuid().ToString("N")[..8];
        string[] calls = [.. Enumerable.Range(0, Count).Select(number => $"{prefix}-{number}")];
        var first = calls.Select(call => SendAsync(killed, task, call)).ToArray();
        await moment();
        Kill(killed);
        foreach (var call in first)
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => call);
        }

        await then();
        Assert.Equal(
            calls.Select(call => (200, $"[\"{call}\"]")),
            await Task.WhenAll(calls.Select(call => SendAsync(other, task, call))));
        Assert.Equal(
            calls.Select(call => (200, $"[\"{call}\"]")),
            await Task.WhenAll(calls.Select(call => SendAsync(other, task, call))));
        await SettleAsync();
    }

    private void AssertOneOfEachRan(TheEyeTask task)
    {
        var jobs = TheEyeAccount.JobsOf(Cluster).Where(call => call.Any(job => job.Task.Id == task.Id)).ToArray();
        Assert.Equal(Count, jobs.Length);
        Assert.All(jobs, call => Assert.Equal((1, 1), (call.Sum(job => job.Runs), call.Sum(job => job.SyncedCalls))));
    }

    private static async Task<(int Status, string Body)> SendAsync(Server gateway, TheEyeTask task, string call)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, PathOf(task))
        {
            Content = new StringContent(JsonSerializer.Serialize<string[]>([call]), Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TheEyeCluster.CallerToken);
        request.Headers.Add("Idempotency-Key", $"key-{call}");
        using var response = await gateway.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
