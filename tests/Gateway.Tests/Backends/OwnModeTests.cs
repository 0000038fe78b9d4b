using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Execution;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Backends.Local;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Quotas;

namespace SyncCluster.Gateway.Tests.Backends;

/// <summary>A mode that only this project knows: it fits without a change to the modes that the program has.</summary>
public sealed class OwnModeTests
{
    private const string Token = "own-token";

    [Fact]
    public async Task A_mode_of_ones_own_runs_a_call_through_http()
    {
        var mode = new GatewayMode(
            new ExecutionMode("Own", services => services.AddExecutor<OwnExecutor>()),
            services =>
            {
                services.AddLocalBackend();
                services.AddSingleton<ITokenValidator, OwnTokenValidator>();
            },
            routes => routes.MapGet("/{customer}/task", (string customer) => $"the tasks of {customer}"));
        await using var app = Program.Build(
            ["--urls=http://127.0.0.1:0", "--Executor=Own", "--Logging:LogLevel:Default=None", "--Logging:LogLevel:Microsoft=None"],
            [.. GatewayMode.All, mode]);
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        using var answer = await http.PostAsync(
            $"/demo/task/hello/job?access_token={Token}", new StringContent("[\"world\"]", Encoding.UTF8, "application/json"));
        Assert.Equal("[\"run by OwnExecutor: world\"]", await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("the tasks of demo", await http.GetStringAsync(new Uri("/demo/task", UriKind.Relative)));

        using var refused = await http.PostAsync($"/demo/task/hello/job?access_token={DemoMode.UserToken}", null);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        await app.StopAsync();
    }

    private sealed class OwnTokenValidator : ITokenValidator
    {
        public ValueTask<TokenValidation> ValidateAsync(string token, Deadline deadline, CancellationToken aborted) => new(
            token == Token
                ? new TokenValidation.Valid(new Caller { Customer = DemoMode.Customer, Username = "own", Credential = Credential.User })
                : TokenValidation.Invalid.Instance);
    }

    /// <summary>Ends each job at once, with its first argument.</summary>
    private sealed class OwnExecutor(IGrainFactory grains, ILocalSiloDetails silo) : IJobExecutor, ILifecycleParticipant<ISiloLifecycle>
    {
        public SiloAddress Address => silo.SiloAddress;

        public bool IsStopping => false;

        public Reservation TryReserve(JobSpec spec) => Reservation.Reserved;

        public void Reserve(JobSpec spec)
        {
        }

        public void CancelReservation(JobSpec spec)
        {
        }

        public void Release(Release release) => _ = Task.Run(() => RunAsync(release));

        public ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens) => new(new Resumption.KeepWaiting());

        public IEnumerable<CountedJob> JobsOf(string customer) => [];

        public ValueTask<bool> StopAsync(JobRecord record) => new(false);

        public ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from) => default;

        public void Participate(ISiloLifecycle lifecycle)
        {
        }

        private async Task RunAsync(Release release)
        {
            var job = grains.GetJob(JobKey.Of(release.Spec.Customer, release.Spec.JobId));
            var run = Guid.NewGuid();
            if (await job.Assign(release.Attempt, run, Address) == Assignment.Granted)
            {
                var argument = SyncCluster.Tasks.TaskArguments.ForScript(release.Spec.Arguments)[0];
                await job.Complete(run, new JobOutcome
                {
                    Lifecycle = Lifecycle.Finished,
                    State = JobState.Success,
                    Output = JsonText.Write(json =>
                    {
                        json.WriteStartArray();
                        json.WriteStringValue($"run by {nameof(OwnExecutor)}: {argument}");
                        json.WriteEndArray();
                    }),
                    Result = "{}"u8.ToArray(),
                });
            }
        }
    }
}
