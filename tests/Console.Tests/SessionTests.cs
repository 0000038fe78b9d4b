using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using SyncCluster.Gateway.Backends;
using SyncCluster.Harness;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>What a page does when its session has ended, at a server whose date is put forward.</summary>
[Collection(SharedSite.Name)]
public sealed class SessionTests(ConsoleSite site, SessionTests.ClockedServer server) : IClassFixture<SessionTests.ClockedServer>
{
    private static readonly TimeSpan Session = TimeSpan.FromHours(2);

    [BrowserFact]
    public async Task A_session_that_has_ended_leads_to_the_sign_in_and_back_to_the_job()
    {
        await using var visit = await site.OpenAsync(address: server.Address);
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync("slow", ("seconds", "100"));
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("running");
        var job = page.Url;

        visit.Expect("401");
        server.Clock.ForwardDate(Session);

        // Its stream may tell the page first: then the button is gone.
        try
        {
            await page.EvaluateAsync("document.querySelector('[data-cancel]')?.click()");
        }
        catch (PlaywrightException left) when (left.Message.Contains("context was destroyed", StringComparison.Ordinal))
        {
            // It tells the page just now.
        }

        await visit.EnterAsync(ConsoleSite.User);
        Assert.Equal(job, page.Url);
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("running");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("canceled");
    }

    [BrowserFact]
    public async Task A_form_that_was_open_for_too_long_runs_nothing_and_leads_back_to_itself()
    {
        await using var visit = await site.OpenAsync(address: server.Address);
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User, "/console/tasks/echo");
        visit.Expect("401");
        server.Clock.ForwardDate(Session);
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await visit.EnterAsync(ConsoleSite.User);
        Assert.Equal("/console/tasks/echo", new Uri(page.Url).AbsolutePath);
        Assert.Equal(0, await page.GetByText("Its newest jobs").CountAsync());
    }

    [BrowserFact]
    public async Task Who_uses_the_console_stays_signed_in()
    {
        await using var visit = await site.OpenAsync(address: server.Address);
        await visit.SignInAsync(ConsoleSite.User);
        for (var use = 0; use < 3; use++)
        {
            server.Clock.ForwardDate(0.7 * Session);
            await visit.Page.GotoAsync("/console/tasks");
            await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Tasks" })).ToBeVisibleAsync();
        }
    }

    /// <summary>A server in this process.</summary>
    public sealed class ClockedServer : IAsyncLifetime
    {
        private WebApplication? _app;

        public Uri Address => new(_app!.Urls.Single());

        internal ShiftedClock Clock { get; } = new();

        public async Task InitializeAsync()
        {
            var local = GatewayMode.All[0];
            var clocked = local with
            {
                AddBackend = services =>
                {
                    services.AddSingleton<TimeProvider>(Clock);
                    local.AddBackend(services);
                },
            };
            _app = Gateway.Program.Build(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=Warning", $"--Console:Session={Session}", .. ConsoleSite.Settings], [clocked]);
            await _app.StartAsync();
        }

        public async Task DisposeAsync()
        {
            await _app!.StopAsync();
            await _app.DisposeAsync();
        }
    }
}
