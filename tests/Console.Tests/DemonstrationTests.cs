using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SyncCluster.Harness.Processes;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>The demonstration, as somebody sees it who has just started it. A server of its own: it has no users.</summary>
public sealed partial class DemonstrationTests(DemonstrationTests.Demonstration demonstration) : IClassFixture<DemonstrationTests.Demonstration>
{
    static DemonstrationTests() => SetDefaultExpectTimeout(60_000);

    [BrowserFact]
    public async Task A_first_visitor_runs_hello_with_two_clicks()
    {
        var page = demonstration.Page;
        List<string> complaints = [];
        page.PageError += (_, fault) => complaints.Add(fault);
        page.Console += (_, message) => complaints.AddRange(message.Type == "error" ? [message.Text] : []);
        await page.GotoAsync(demonstration.Address.ToString());
        await page.GetByRole(AriaRole.Link, new() { NameRegex = Hello() }).ClickAsync();
        await page.GetByLabel("name").FillAsync("world");
        await Expect(page.Locator("#curl")).ToContainTextAsync("--header \"Authorization: Bearer demo-token\"");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
        await Expect(page.Locator("#job-answer .code")).ToContainTextAsync("hello world");
        Assert.Empty(complaints);
    }

    [GeneratedRegex("^hello")]
    private static partial Regex Hello();

    /// <summary>The server, and a browser that has not been there.</summary>
    public sealed class Demonstration : IAsyncLifetime
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("synccluster-test-").FullName;
        private readonly ProcessReaper _reaper;
        private readonly Server _server;
        private IPlaywright? _playwright;
        private IBrowser? _browser;

        public Demonstration()
        {
            _reaper = new(_folder);
            _server = new(
                new()
                {
                    Name = "demonstration",
                    Command = [.. ServerPrograms.Gateway, ServerPrograms.AnyPort],
                    Ready = ServerPrograms.Ready,
                    Folder = _folder,
                },
                _reaper);
        }

        public Uri Address => _server.Address!;

        public IPage Page { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            if (BrowserFactAttribute.Path is not { } chromium)
            {
                return;
            }

            await _server.StartAsync();
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox", "--disable-gpu"] });
            Page = await _browser.NewPageAsync();
            Page.SetDefaultTimeout(60_000);
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
    }
}
