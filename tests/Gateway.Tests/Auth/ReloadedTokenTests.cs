using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SyncCluster.Gateway.Tests.Api.Events;
using SyncCluster.Gateway.Tests.Api.Jobs;
using SyncCluster.Gateway.Tests.Logging;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Harness;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Tests.Auth;

/// <summary>Tokens that change while the server runs. Each test begins with the same configuration.</summary>
public sealed class ReloadedTokenTests(ReloadedTokenTests.Server server) : IClassFixture<ReloadedTokenTests.Server>, IAsyncLifetime
{
    public Task InitializeAsync() => server.ConfigureAsync(Server.Users(), token: TestServer.User);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_token_is_replaced_without_a_restart()
    {
        // First both, so that no call is refused meanwhile.
        await server.ConfigureAsync([.. Server.Users(), Server.UserOf("uma", "user", "new-token")], "new-token");
        Assert.Equal(HttpStatusCode.OK, await server.StatusOfAsync(TestServer.User));

        await server.ConfigureAsync([Server.Users()[0], Server.UserOf("uma", "user", "new-token")], TestServer.User, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, await server.StatusOfAsync("new-token"));
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "{}", "Auth:Customers has no users left." },
        { """{"Auth":{"Customers":{"acme":{"Users":[]}}}}""", "Auth:Customers has no users left." },
        { """{"Auth":{"Customers":{"acme":""", "can't be read" },
        { """{"Auth":{"Customers":{"acme":{"Users":[{"Username":"uma","TokenSha256":"abc"}]}}}}""", "Auth:Customers:acme:Users:0:TokenSha256" },
        { """{"Auth":{"Customers":{"acme":{"Users":[{"TokenSha256":"HASH"}]}}}}""", "Auth:Customers:acme:Users:0:Username is missing." },
        { """{"Auth":{"Customers":{"task":{"Users":[{"Username":"uma","TokenSha256":"HASH"}]}}}}""", "Auth:Customers:task" },
        { """{"Auth":{"Customers":{"acme":{"Users":[{"Username":"uma","TokenSha256":"HASH"},{"Username":"x","Credential":"king"}]}}}}""", "Auth:Customers:acme:Users:1:Credential" },
        { """{"Auth":{"Customers":{"acme":{"Users":[{"Username":"uma","TokenSha256":"HASH","ExpiresAt":"soon"}]}}}}""", "Auth:Customers:acme:Users:0:ExpiresAt" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_configuration_that_is_empty_or_not_valid_is_refused_and_logged_and_the_tokens_stay(string configuration, string reason)
    {
        var before = server.Errors.Count;
        server.Write(configuration.Replace("HASH", Server.HashOf("new-token"), StringComparison.Ordinal));
        await Eventually.TrueAsync(() => server.Errors.Skip(before).Any(), "the change is refused");
        Assert.Contains(reason, server.Errors.Skip(before).First().Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await server.StatusOfAsync(TestServer.User));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusOfAsync("new-token"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_ends_when_its_token_is_taken_back_or_expires(bool expires)
    {
        var (gate, task) = await ImportAsync();
        await using var events = await FollowAsync(task);
        var job = EventReader.Member(await events.NextAsync("job"), "id");
        var users = expires
            ? Server.Users(expiresAt: TimeProvider.System.GetUtcNow().AddSeconds(2))
            : [Server.Users()[0]];
        server.Write(Server.Configuration(users));
        Assert.Equal("401", EventReader.Member(await events.NextAsync("problem"), "status"));
        Assert.Null(await events.NextAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusOfAsync(TestServer.User));

        // The job is not canceled by that.
        gate.Open();
        using var result = await server.SendAsync(HttpMethod.Get, $"/acme/job/{job}/result", TestServer.Admin);
        Assert.Equal(HttpStatusCode.OK, result.StatusCode);
    }

    [Fact]
    public async Task A_stream_ends_when_its_users_rights_change_and_goes_on_when_only_others_do()
    {
        var (gate, task) = await ImportAsync();
        await using var events = await FollowAsync(task);
        await events.NextAsync("job");
        await server.ConfigureAsync([.. Server.Users(), Server.UserOf("new", "user", "new-token")], "new-token");
        await using (var others = await FollowAsync(task, "new-token"))
        {
            await server.ConfigureAsync([.. Server.Users(), Server.UserOf("new", "viewer", "new-token")], "new-token");
            Assert.Equal("401", EventReader.Member(await others.NextAsync("problem"), "status"));
        }

        gate.Open();
        Assert.Equal("200", EventReader.Member(await events.NextAsync("result"), "statusCode"));
    }

    [Fact]
    public async Task A_call_that_waits_gets_its_answer_although_its_token_was_taken_back()
    {
        var (gate, task) = await ImportAsync();
        var waiting = server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/job", TestServer.User, "[]");
        await Eventually.TrueAsync(() => gate.Runs == 1, "the script runs");
        await server.ConfigureAsync([Server.Users()[0]], TestServer.User, HttpStatusCode.Unauthorized);
        gate.Open();
        using var response = await waiting;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private async Task<(AttachTests.Gate Gate, JsonNode Task)> ImportAsync()
    {
        var gate = new AttachTests.Gate(server);
        return (gate, await server.ImportAsync(gate.Script));
    }

    private Task<EventReader> FollowAsync(JsonNode task, string token = TestServer.User)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/acme/task/{task["id"]}/job?cancel_on_disconnect");
        request.Headers.Authorization = new("Bearer", token);
        request.Headers.Accept.Add(new("text/event-stream"));
        return EventReader.OpenAsync(server.Http, request);
    }

    /// <summary>A server whose tokens are in a file.</summary>
    public sealed class Server : TestServer
    {
        private readonly CapturedLog _log = new();
        private int _version;

        protected override bool HasUsers => false;

        protected override string[] Settings =>
            [$"--contentRoot={Folder}", "--Following:LongestPause=00:00:00.100", "--Limits:FailedAuthentications=0"];

        private string File => Path.Combine(Folder, "appsettings.json");

        /// <summary>The errors that were logged.</summary>
        internal IReadOnlyList<CapturedEvent> Errors => [.. _log.Events.Where(logged => logged.Level == LogLevel.Error)];

        public static string[] Users(DateTimeOffset? expiresAt = null) => [UserOf("ada", "admin", Admin), UserOf("uma", "user", User, expiresAt)];

        public static string UserOf(string name, string credential, string token, DateTimeOffset? expiresAt = null) => JsonSerializer.Serialize(
            new { Username = name, Credential = credential, TokenSha256 = HashOf(token), ExpiresAt = expiresAt?.ToString("O") });

        public static string HashOf(string token) => Convert.ToHexStringLower(Secret.Hash(token));

        public static string Configuration(string[] users) => $"{{\"Auth\":{{\"Customers\":{{\"acme\":{{\"Users\":[{string.Join(',', users)}]}}}}}}}}";

        public override Task InitializeAsync()
        {
            Write(Configuration(Users()));
            return base.InitializeAsync();
        }

        /// <summary>Changes the file, and waits until that counts.</summary>
        /// <param name="users">The users from now on.</param>
        /// <param name="token">A token by which that is seen.</param>
        /// <param name="status">What it is then answered.</param>
        public async Task ConfigureAsync(string[] users, string token, HttpStatusCode status = HttpStatusCode.OK)
        {
            // A mark by which the newest configuration is known.
            var mark = $"mark-{++_version}";
            Write(Configuration([.. users, UserOf("mark", "viewer", mark)]));
            await Eventually.TrueAsync(async () => await StatusOfAsync(mark) == HttpStatusCode.OK, "the new configuration counts");
            Assert.Equal(status, await StatusOfAsync(token));
        }

        /// <summary>Replaces the file at once, as an editor does.</summary>
        public void Write(string configuration)
        {
            System.IO.File.WriteAllText(File + ".new", configuration);
            System.IO.File.Move(File + ".new", File, overwrite: true);
        }

        public async Task<HttpStatusCode> StatusOfAsync(string token)
        {
            using var response = await SendAsync(HttpMethod.Get, "/acme/task", token);
            return response.StatusCode;
        }

        protected override void Prepare(WebApplication app) => app.Services.GetRequiredService<ILoggerFactory>().AddProvider(_log);
    }
}

/// <summary>A demonstration remains one, and a server with customers does not become one.</summary>
public sealed class ReloadedDemoTests(ReloadedDemoTests.Server server) : IClassFixture<ReloadedDemoTests.Server>
{
    [Fact]
    public async Task A_demonstration_does_not_take_customers_on_before_it_is_started_anew()
    {
        server.Write(ReloadedTokenTests.Server.Configuration(ReloadedTokenTests.Server.Users()));
        await Eventually.TrueAsync(() => server.Log.Events.Any(logged => logged.Level == LogLevel.Error), "the change is refused");
        var refusal = server.Log.Events.First(logged => logged.Level == LogLevel.Error).Text;
        Assert.Contains("start it anew", refusal, StringComparison.Ordinal);
        using var demo = await server.SendAsync(HttpMethod.Get, "/demo/task", "demo-token");
        using var acme = await server.SendAsync(HttpMethod.Get, "/acme/task", TestServer.Admin);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (demo.StatusCode, acme.StatusCode));
    }

    public sealed class Server : TestServer
    {
        internal CapturedLog Log { get; } = new();

        protected override bool HasUsers => false;

        protected override string[] Settings => [$"--contentRoot={Folder}"];

        public void Write(string configuration) => File.WriteAllText(Path.Combine(Folder, "appsettings.json"), configuration);

        protected override void Prepare(WebApplication app) => app.Services.GetRequiredService<ILoggerFactory>().AddProvider(Log);
    }
}

/// <summary>Secrets from files, laid out as Kubernetes mounts them: links to files behind a link that is replaced as a whole.</summary>
public sealed class SecretsFolderTests(SecretsFolderTests.Server server) : IClassFixture<SecretsFolderTests.Server>
{
    [Fact]
    public async Task A_token_in_a_mounted_secret_is_replaced_with_it()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync("first-token"));
        server.Mount("second-token");
        await Eventually.TrueAsync(async () => await StatusOfAsync("second-token") == HttpStatusCode.OK, "the new token counts");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOfAsync("first-token"));

        // The same with a secret that is no hash: the newest that is valid stays.
        server.Mount(null);
        await Eventually.TrueAsync(() => server.Log.Events.Any(logged => logged.Level == LogLevel.Error), "the change is refused");
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync("second-token"));
    }

    [Theory]
    [InlineData("--Secrets:Folder=/nowhere/at/all")]
    public void A_folder_that_is_not_there_is_refused_with_the_settings_name(string setting)
    {
        var refusal = Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(() => Program.Build([setting]));
        Assert.StartsWith("Secrets:Folder must name a folder", refusal.Failures.Single(), StringComparison.Ordinal);
    }

    private async Task<HttpStatusCode> StatusOfAsync(string token)
    {
        using var response = await server.SendAsync(HttpMethod.Get, "/acme/task", token);
        return response.StatusCode;
    }

    public sealed class Server : TestServer
    {
        private const string Setting = "Auth__Customers__acme__Users__0__TokenSha256";
        private int _version;

        internal CapturedLog Log { get; } = new();

        protected override bool HasUsers => false;

        protected override string[] Settings =>
            [$"--Secrets:Folder={Mounted}", "--Auth:Customers:acme:Users:0:Username=uma", "--Limits:FailedAuthentications=0"];

        private string Mounted => Path.Combine(Folder, "secrets");

        public override Task InitializeAsync()
        {
            Mount("first-token");
            return base.InitializeAsync();
        }

        /// <summary>Replaces what is behind the links; null for a file that holds no hash.</summary>
        public void Mount(string? token)
        {
            var version = $"..{++_version}";
            Directory.CreateDirectory(Path.Combine(Mounted, version));
            File.WriteAllText(Path.Combine(Mounted, version, Setting), (token is null ? "no hash" : ReloadedTokenTests.Server.HashOf(token)) + "\n");
            File.CreateSymbolicLink(Path.Combine(Mounted, "..data_tmp"), version);

            // The framework does not move a link to a folder.
            using var move = Process.Start("mv", ["-T", Path.Combine(Mounted, "..data_tmp"), Path.Combine(Mounted, "..data")]);
            move.WaitForExit();
            Assert.Equal(0, move.ExitCode);
            if (_version == 1)
            {
                File.CreateSymbolicLink(Path.Combine(Mounted, Setting), Path.Combine("..data", Setting));
            }
        }

        protected override void Prepare(WebApplication app) => app.Services.GetRequiredService<ILoggerFactory>().AddProvider(Log);
    }
}

/// <summary>The tokens with which this server asks TheEye.</summary>
public sealed class ReloadedServiceTokenTests(ReloadedServiceTokenTests.Server server) : IClassFixture<ReloadedServiceTokenTests.Server>
{
    [Fact]
    public async Task A_service_token_is_replaced_without_a_restart_and_never_by_nothing()
    {
        var task = await server.ImportAsync("echo '[]'");
        Assert.NotEqual(HttpStatusCode.OK, await CallAsync(task));

        server.Write("""{"TheEye":{"ServiceTokens":{"acme":"service-token"}}}""");
        await Eventually.TrueAsync(async () => await CallAsync(task) == HttpStatusCode.OK, "the new token counts");

        server.Write("{}");
        await Eventually.TrueAsync(
            () => server.Log.Events.Any(logged => logged.Text.Contains("TheEye:ServiceTokens is refused", StringComparison.Ordinal)), "the change is refused");
        Assert.Equal(HttpStatusCode.OK, await CallAsync(task));
    }

    private async Task<HttpStatusCode> CallAsync(JsonNode task)
    {
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{task["secret"]}/job", token: null, "[]");
        return response.StatusCode;
    }

    public sealed class Server : TheEyeTestServer
    {
        internal CapturedLog Log { get; } = new();

        protected override string[] Settings =>
        [
            .. base.Settings.Where(setting => !setting.Contains("ServiceTokens", StringComparison.Ordinal)),
            $"--contentRoot={Folder}",
            "--Limits:FailedAuthentications=0",
        ];

        public override Task InitializeAsync()
        {
            Write("""{"TheEye":{"ServiceTokens":{"acme":"another-token"}}}""");
            return base.InitializeAsync();
        }

        public void Write(string configuration)
        {
            var path = Path.Combine(Folder, "appsettings.json");
            File.WriteAllText(path + ".new", configuration);
            File.Move(path + ".new", path, overwrite: true);
        }

        protected override void Prepare(WebApplication app) => app.Services.GetRequiredService<ILoggerFactory>().AddProvider(Log);
    }
}
