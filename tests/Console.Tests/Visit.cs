using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace SyncCluster.WebConsole.Tests;

/// <summary>
/// A browser of its own, without a session. When it is closed, it fails the test if a page has complained: of an error of a script, of a request that was
/// refused, or of what the page's policy has kept from it.
/// </summary>
public sealed partial class Visit : IAsyncDisposable
{
    private const string ReportsOfPolicy = """
        document.addEventListener('securitypolicyviolation', violation =>
          console.error(`Content-Security-Policy: ${violation.violatedDirective} keeps ${violation.blockedURI} from ${violation.documentURI}`))
        """;

    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = [];
    private string[] _expected = [];

    private Visit(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        context.Console += (_, message) =>
        {
            if (message.Type is "error")
            {
                _complaints.Enqueue($"{message.Text} {message.Location}");
            }
        };
        context.WebError += (_, error) => _complaints.Enqueue(error.Error);
        context.Dialog += (_, dialog) =>
        {
            _complaints.Enqueue(dialog.Message);
            _ = dialog.DismissAsync();
        };
    }

    public IPage Page { get; }

    /// <summary>What pages have complained of.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    internal static async Task<Visit> BeginAsync(IBrowser browser, Uri address, BrowserNewContextOptions? options)
    {
        var context = await browser.NewContextAsync(
            new(options ?? new()) { BaseURL = address.ToString(), Locale = "en-GB", TimezoneId = options?.TimezoneId ?? "UTC" });
        context.SetDefaultTimeout(60_000);
        await context.AddInitScriptAsync(ReportsOfPolicy);
        return new Visit(context, await context.NewPageAsync());
    }

    /// <summary>What has one of these parts is no fault in this visit.</summary>
    public void Expect(params string[] complaints) => _expected = complaints;

    public Task ForgetSessionAsync() => _context.ClearCookiesAsync();

    /// <summary>Has pages stay as they were loaded: none renews itself. What axe waits for is short.</summary>
    public Task KeepPagesAsync() => Page.AddInitScriptAsync("""
        const begin = window.setTimeout
        window.setTimeout = (run, pause, ...given) => pause >= 1000 ? 0 : begin(run, pause, ...given)
        """);

    /// <summary>Signs in, from wherever the address leads.</summary>
    public async Task SignInAsync(string token, string path = "/")
    {
        await Page.GotoAsync(path);
        await EnterAsync(token);
    }

    /// <summary>Signs in on the page that asks for it.</summary>
    public async Task EnterAsync(string token)
    {
        await Page.GetByLabel("Access token").FillAsync(token);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).WaitForAsync();

        await WaitForScriptsAsync();
    }

    /// <summary>Runs a task from its form.</summary>
    public async Task RunAsync(string task, params (string Label, string Value)[] arguments)
    {
        await Page.GotoAsync($"/console/tasks/{task}");
        foreach (var (label, value) in arguments)
        {
            await Page.GetByLabel(label).FillAsync(value);
        }

        await Page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();

        // To wait for the event of the navigation is to miss it, if it comes before.
        await Assertions.Expect(Page).ToHaveURLAsync(JobAddress());
        await WaitForScriptsAsync();
    }

    /// <summary>
    /// Waits until the page has loaded, since its buttons do nothing before its scripts run. The document itself is asked: Playwright's own wait is for
    /// the event, and has missed one that came as the wait began.
    /// </summary>
    public Task WaitForScriptsAsync() => Page.WaitForFunctionAsync("document.readyState === 'complete'");

    /// <summary>Makes a picture of the whole page, for the document.</summary>
    public Task ShootAsync(string name) => ShootAsync(Page, name);

    /// <inheritdoc cref="ShootAsync(string)"/>
    internal static Task ShootAsync(IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(PicturesFactAttribute.Folder!, $"console-{name}.png"), FullPage = true });

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.DoesNotContain(_complaints, complaint => !_expected.Any(part => complaint.Contains(part, StringComparison.Ordinal)));
    }

    [GeneratedRegex("/console/jobs/[0-9a-f]{24}$")]
    private static partial Regex JobAddress();
}
