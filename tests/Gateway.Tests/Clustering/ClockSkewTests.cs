using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Harness;
using SyncCluster.Hosting.Clustering;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Clustering;

/// <summary>Machines whose clocks differ by more than a call may take. The silos are those of the silo's program, with other clocks.</summary>
public sealed class ClockSkewTests(SkewedCluster cluster) : IClassFixture<SkewedCluster>
{
    [Fact]
    public async Task Every_call_is_answered_whichever_silo_has_its_job()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(call => cluster.CallAsync(call % 2, "hello", $"""["{call}"]""")));
        Assert.All(answers.Index(), answer => Assert.Equal((200, $"""["hello {answer.Index}"]"""), answer.Item));
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_submit_that_comes_too_late_runs_nothing_whichever_silo_it_comes_to()
    {
        var grains = cluster.Silos[0].Services.GetRequiredService<IGrainFactory>();
        var clock = cluster.Silos[0].Services.GetRequiredService<TimeProvider>();
        var gateway = new Subscription(grains.CreateObjectReference<IJobObserver>(new NoGateway()), 1);
        var replies = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ =>
        {
            var spec = NewJob(clock.GetUtcNow());
            return grains.GetJob(JobKey.Of(spec.Customer, spec.JobId)).Submit(spec, gateway, clock.GetUtcNow() - TimeSpan.FromSeconds(2));
        }));
        Assert.All(replies, reply => Assert.IsType<JobReply.Unavailable>(reply));
    }

    [Fact]
    public async Task A_silo_whose_clock_is_wrong_is_not_ready_and_says_why()
    {
        await Eventually.TrueAsync(async () => (await ReadyAsync(cluster.Silos[0])).Status == HttpStatusCode.OK, "the silo with the right clock is ready");
        foreach (var silo in cluster.Silos.Skip(1))
        {
            await Eventually.TrueAsync(
                async () => await ReadyAsync(silo) is (HttpStatusCode.ServiceUnavailable, var body)
                    && body.Contains("The clock of this machine and that of Redis differ by ", StringComparison.Ordinal),
                "a silo with a wrong clock is not ready");
        }
    }

    [Fact]
    public void Gateways_have_the_time_of_Redis_too()
    {
        foreach (var services in (IServiceProvider[])[cluster.ServicesOf(0), cluster.ServicesOf(1)])
        {
            Assert.Same(services.GetRequiredService<ClusterClock>(), services.GetRequiredService<TimeProvider>());
        }
    }

    private static async Task<(HttpStatusCode Status, string Body)> ReadyAsync(WebApplication silo)
    {
        using var http = new HttpClient { BaseAddress = new Uri(silo.Urls.Single()) };
        using var response = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static JobSpec NewJob(DateTimeOffset now) => new()
    {
        JobId = JobId.New(),
        Customer = "demo",
        TaskId = "hello",
        TaskName = "hello",
        Type = TaskType.Script,
        Arguments = "[]"u8.ToArray(),
        User = new JobUser("demo", ""),
        CreatedAt = now,
    };

    private sealed class NoGateway : IJobObserver
    {
        public Task Completed(FinishedJob job) => Task.CompletedTask;

        public Task AllCompleted(FinishedJob[] jobs) => Task.CompletedTask;

        public Task Moved(string key) => Task.CompletedTask;
    }
}

/// <summary>Three silos: a clock is right, one ten seconds ahead, one ten seconds behind.</summary>
public sealed class SkewedCluster : SiloProgramCluster
{
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(10);

    protected override void Replace(IServiceCollection services, int silo)
    {
        var machine = new ShiftedClock();
        machine.ForwardDate(silo switch { 1 => Skew, 2 => -Skew, _ => TimeSpan.Zero });
        services.AddSingleton(new ClusterClock(machine));
    }
}
