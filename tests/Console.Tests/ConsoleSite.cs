using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using SyncCluster.Harness.Processes;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>A server with the samples and users, and a browser: both are shared by all tests.</summary>
public sealed class ConsoleSite : IAsyncLifetime
{
    public const string User = "user-token";
    public const string Viewer = "viewer-token";
    public const string Admin = "admin-token";
    public const string Operator = "operator-token";

    private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
    private readonly ProcessReaper _reaper;
    private readonly Server _server;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    static ConsoleSite() => SetDefaultExpectTimeout(60_000);

    public ConsoleSite()
    {
        _reaper = new(_folder);
        _server = new(
            new()
            {
                Name = "gateway",
                Command = [.. ServerPrograms.Gateway, ServerPrograms.AnyPort, .. Settings],
                Ready = ServerPrograms.Ready,
                Folder = _folder,
            },
            _reaper);
    }

    public Uri Address => _server.Address!;

    /// <summary>The settings of a server with the samples and users.</summary>
    internal static string[] Settings { get; } = ["--Demo:Customer=acme", $"--Operator:TokenSha256={HashOf(Operator)}", .. Users()];

    public async Task InitializeAsync()
    {
        if (BrowserFactAttribute.Path is not { } chromium)
        {
            return;
        }

        await _server.StartAsync();

        // More lines than a page keeps. What is markup elsewhere comes last.
        await ImportAsync("loud", """
            seq 100000
            yes | head -n 101000
            printf '<script>document.title="taken"</script><img src=x onerror=alert(1)>\n'
            printf '\033[1;31mred\033[0m and \033[38;5;46mgreen\033[0m, \033]0;title\007plain\n'
            echo '["<script>alert(1)</script>"]'
            """);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox", "--disable-gpu"] });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        await _server.DisposeAsync();
        _reaper.Dispose();
    }

    /// <summary>Opens a browser of its own, without a session.</summary>
    /// <param name="options">Its size and colours.</param>
    /// <param name="address">Another server than this site's.</param>
    public Task<Visit> OpenAsync(BrowserNewContextOptions? options = null, Uri? address = null) => Visit.BeginAsync(_browser!, address ?? Address, options);

    /// <summary>The path of a file that is not there yet: a script waits until the test writes it.</summary>
    internal string NewPath() => Path.Combine(_folder, Guid.NewGuid().ToString("N"));

    /// <summary>Makes a task of a script.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="script">For <c>sh</c>.</param>
    /// <param name="arguments">As a recipe has them.</param>
    /// <returns>The task's id.</returns>
    internal Task<string> ImportAsync(string name, string script, params object[] arguments) => ImportAsync(_server.Http, name, script, arguments);

    /// <inheritdoc cref="ImportAsync(string, string, object[])"/>
    /// <param name="http">Calls another server than this site's.</param>
    /// <param name="name">Its name.</param>
    /// <param name="script">For <c>sh</c>.</param>
    /// <param name="arguments">As a recipe has them.</param>
    internal static async Task<string> ImportAsync(HttpClient http, string name, string script, params object[] arguments)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/acme/task/import")
        {
            Content = new StringContent(
                JsonSerializer.Serialize(new
                {
                    task = new { name, type = "script", script_runas = "sh %script%", task_arguments = arguments },
                    file = new { filename = "script.sh", data = Convert.ToBase64String(Encoding.UTF8.GetBytes(script)) },
                }),
                Encoding.UTF8,
                "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Admin);
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        using var task = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return task.RootElement.GetProperty("id").GetString()!;
    }

    private static IEnumerable<string> Users()
    {
        (string Name, string Credential, string Token)[] users = [("uma", "user", User), ("vera", "viewer", Viewer), ("ada", "admin", Admin)];
        return users.SelectMany((user, index) => (string[])
        [
            $"--Auth:Customers:acme:Users:{index}:Username={user.Name}",
            $"--Auth:Customers:acme:Users:{index}:Credential={user.Credential}",
            $"--Auth:Customers:acme:Users:{index}:TokenSha256={HashOf(user.Token)}",
        ]);
    }

    private static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}

/// <summary>One site for all tests that do not change how it is set up.</summary>
[CollectionDefinition(Name)]
public sealed class SharedSite : ICollectionFixture<ConsoleSite>
{
    public const string Name = "site";
}
