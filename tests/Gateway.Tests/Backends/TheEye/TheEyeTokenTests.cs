using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>Tokens are TheEye's: it is asked for each, but not for each call.</summary>
public sealed class TheEyeTokenTests(FrontServer server) : IClassFixture<FrontServer>, IDisposable
{
    /// <summary>Less than the time for which it is known that a token is nobody's.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(4);

    public void Dispose() => server.TheEye.Faults.Clear();

    [Fact]
    public async Task TheEye_is_asked_once_for_a_token_that_many_calls_bring_at_once()
    {
        var token = NewUser();
        var task = server.AddTask(new TheEyeTask { AutoremoveCompletedJobs = false });
        var gate = FaultGate.BeforeActing();
        server.TheEye.Faults.Next(Step.Profile, gate);
        var asked = server.TheEye.Counters.Arrived(Step.Profile);
        var calls = Enumerable.Range(0, 50).Select(_ => server.CallAsync(task, token: token)).ToArray();
        await gate.Arrived;
        gate.Open();
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(200, answer.Status));
        Assert.Equal((200, "[]"), await server.CallAsync(task, token: token));
        Assert.Equal(asked + 1, server.TheEye.Counters.Arrived(Step.Profile));
    }

    [Fact]
    public async Task A_request_that_is_aborted_does_not_cancel_the_check_for_others_with_the_same_token()
    {
        var token = NewUser();
        var task = server.AddTask();
        var gate = FaultGate.BeforeActing();
        server.TheEye.Faults.Next(Step.Profile, gate);
        using var client = new CancellationTokenSource();
        var goes = server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", token, "[]", client.Token);
        await gate.Arrived;
        var stays = server.CallAsync(task, token: token);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => goes);
        gate.Open();
        Assert.Equal((200, "[]"), await stays);
    }

    [Fact]
    public async Task An_unknown_token_is_refused_and_not_asked_for_again_at_once()
    {
        var task = server.AddTask();
        long begun;
        int asked;
        do
        {
            var token = $"nobody-{Guid.NewGuid()}";
            begun = TimeProvider.System.GetTimestamp();
            asked = server.TheEye.Counters.Arrived(Step.Profile);
            for (var call = 0; call < 3; call++)
            {
                using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", token, "[]");
                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
            }
        }
        while (TimeProvider.System.GetElapsedTime(begun) > AtOnce);
        Assert.Equal(asked + 1, server.TheEye.Counters.Arrived(Step.Profile));
    }

    [Fact]
    public async Task A_token_whose_current_customer_is_another_is_refused_with_TheEyes_code()
    {
        var task = server.AddTask();
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", TestServer.Stranger, "[]");
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("EORACC", JsonNode.Parse(await response.Content.ReadAsStringAsync())!["code"]!.GetValue<string>());
        Assert.DoesNotContain(server.TheEye.Jobs, job => job.Task.Id == task);
    }

    [Theory]
    [InlineData("""{"username":"nora","credential":"admin","current_customer":null}""", HttpStatusCode.Forbidden)]
    [InlineData("""{"username":"nora","credential":"admin","customers":[{"name":"acme"}]}""", HttpStatusCode.Forbidden)]
    [InlineData("""{"username":"nora","credential":"emperor","current_customer":{"name":"acme"}}""", HttpStatusCode.Forbidden)]
    [InlineData("""{"username":"nora","credential":"6","current_customer":{"name":"acme"}}""", HttpStatusCode.Forbidden)]
    [InlineData("""{"username":"nora","credential":7,"current_customer":{"name":"acme"}}""", HttpStatusCode.Forbidden)]
    [InlineData("""{"username":{},"credential":"admin","current_customer":{"name":"acme"}}""", HttpStatusCode.BadGateway)]
    [InlineData("null", HttpStatusCode.BadGateway)]
    public async Task A_profile_that_does_not_say_so_gives_no_right(string profile, HttpStatusCode status)
    {
        var token = NewUser();
        var task = server.AddTask();
        server.TheEye.Faults.Next(Step.Profile, Fault.Status(200, profile), times: 3);
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", token, "[]");
        Assert.Equal(status, response.StatusCode);
        Assert.DoesNotContain(server.TheEye.Jobs, job => job.Task.Id == task);
    }

    [Fact]
    public async Task A_token_that_the_supervisor_refuses_is_checked_anew()
    {
        var token = NewUser();
        var task = server.AddTask();
        Assert.Equal(200, (await server.CallAsync(task, token: token)).Status);
        server.TheEye.RemoveToken(token);
        Assert.Equal(401, (await server.CallAsync(task, token: token)).Status);
        var asked = server.TheEye.Counters.Arrived(Step.Profile);
        Assert.Equal(401, (await server.CallAsync(task, token: token)).Status);
        Assert.Equal(asked + 1, server.TheEye.Counters.Arrived(Step.Profile));
    }

    [Fact]
    public async Task No_token_and_no_secret_gets_into_the_log()
    {
        var token = $"logged-{Guid.NewGuid()}";
        var log = new LogLines();
        await using var quiet = new LoggedServer(log);
        await quiet.InitializeAsync();
        quiet.AddUser(token, "nora");
        var task = quiet.AddTask(new TheEyeTask { Secret = "logged-secret" });
        foreach (var step in (Step[])[Step.Profile, Step.Create, Step.Synced, Step.Job])
        {
            foreach (var fault in (Fault[])[Fault.CutOff(), Fault.ResetAfter(), Fault.Status(401, "{\"message\":\"no\"}"), .. step == Step.Synced ? [] : (Fault[])[Fault.Html(503)]])
            {
                quiet.TheEye.Faults.Next(step, fault);
                await quiet.CallAsync(task, token: token);
                quiet.TheEye.Faults.Clear();
            }
        }

        using var secret = await quiet.SendAsync(HttpMethod.Post, $"/acme/task/{task}/secret/logged-secret/job", null, "[]");
        Assert.Equal(HttpStatusCode.OK, secret.StatusCode);
        await quiet.TheEye.StopSupervisorAsync();
        await quiet.CallAsync(task, token: token);
        Assert.NotEmpty(log);
        Assert.DoesNotContain(log, line => line.Contains("logged-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--Executor=Theeye", "Executor must be Local or TheEye")]
    [InlineData("--TheEye:Gateway=ftp://127.0.0.1", "TheEye:Gateway")]
    [InlineData("--TheEye:Supervisor=http://127.0.0.1/?a=b", "TheEye:Supervisor")]
    [InlineData("--TheEye:Redis=", "TheEye:Redis")]
    [InlineData("--TheEye:RequestTimeout=00:00:00", "TheEye:RequestTimeout")]
    [InlineData("--TheEye:SettleTime=00:00:20", "TheEye:SettleTime")]
    [InlineData("--TheEye:PollInterval=-1", "TheEye:PollInterval")]
    [InlineData("--TheEye:DocumentLimit=0", "TheEye:DocumentLimit")]
    [InlineData("--TheEye:ServiceTokens:acme=", "TheEye:ServiceTokens")]
    [InlineData("--Auth:Customers:acme:Users:0:Username=u", "Auth:Customers")]
    public async Task The_message_about_a_setting_that_is_not_valid_names_it(string setting, string name)
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(async () =>
        {
            await using var app = Program.Build(["--urls=http://127.0.0.1:0", "--Executor=TheEye", "--Logging:LogLevel:Default=None", "--Logging:LogLevel:Orleans=None", setting]);
            await app.StartAsync();
        });
        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
    }

    private string NewUser()
    {
        var token = $"token-{Guid.NewGuid()}";
        server.AddUser(token, "nora");
        return token;
    }

    private sealed class LoggedServer(LogLines log) : FrontServer, IAsyncDisposable
    {
        protected override string[] Settings =>
        [
            .. base.Settings, "--TheEye:ServiceTokens:acme=" + Admin, "--Logging:LogLevel:Default=Trace", "--Logging:LogLevel:System=Trace",
            "--Logging:LogLevel:Microsoft=Trace", "--Logging:LogLevel:Polly=Trace", "--Logging:LogLevel:Orleans=Warning",
        ];

        protected override void Prepare(Microsoft.AspNetCore.Builder.WebApplication app) =>
            app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);

        async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();
    }
}
