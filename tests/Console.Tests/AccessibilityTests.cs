using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>Whether people who see badly, and people without a mouse, can use the pages.</summary>
[Collection(SharedSite.Name)]
public sealed class AccessibilityTests(ConsoleSite site) : IAsyncLifetime
{
    private const string NoJob = "0123456789abcdef01234567";

    private readonly AxeCheck _axe = new();
    private Visit? _visit;

    private IPage Page => _visit!.Page;

    public async Task InitializeAsync()
    {
        if (BrowserFactAttribute.Path is not null)
        {
            _visit = await site.OpenAsync();
            await _visit.KeepPagesAsync();
        }
    }

    public async Task DisposeAsync()
    {
        if (_visit is not null)
        {
            await _visit.DisposeAsync();
        }
    }

    [BrowserFact]
    public async Task Axe_finds_nothing_in_any_page_in_light_and_dark_on_a_desk_and_on_a_phone()
    {
        _visit!.Expect("400", "401", "404");
        await Page.GotoAsync("/console/");
        await Page.GetByLabel("Access token").FillAsync("wrong");
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await CheckAsync("the sign-in that has failed");

        await _visit.EnterAsync(ConsoleSite.Admin);
        await CheckAsync("tasks");
        await OpenAsync("tasks?q=there is none");
        await UnfoldAsync();
        await CheckAsync("tasks, with the form of an import");
        var task = await ImportFormAsync();
        await OpenAsync($"tasks/{task}");
        await UnfoldAsync();
        await CheckAsync("a task, with the forms that change it");
        await Page.GetByRole(AriaRole.Button, new() { Name = "Make a new secret" }).ClickAsync();
        await Expect(Page.Locator("#secret")).ToBeVisibleAsync();
        await CheckAsync("a new secret");
        await _visit.RunAsync("slow", ("seconds", "1000"));
        await Expect(Page.Locator("#job-state")).ToHaveTextAsync("running");
        await CheckAsync("a job that runs");
        await Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(Page.Locator("#job-state")).ToHaveTextAsync("canceled");
        await CheckAsync("a job that was canceled");
        await OpenAsync($"jobs/chosen?what=remove&job={Page.Url.Split('/')[^1]}");
        await RunColoursAsync();
        await CheckAsync("a job that has succeeded, with colours");
        await _visit.RunAsync("fail");
        await Expect(Page.Locator("#job-state")).ToHaveTextAsync("failure");
        await CheckAsync("a job that has failed");
        await OpenAsync("jobs");
        await OpenAsync("jobs?day=2001-01-01");
        await OpenAsync("cluster");
        await OpenAsync("nowhere");
        await OpenAsync($"jobs/{NoJob}");
        await Expect(Page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Not Found");
        await OpenAsync("jobs?from=nope");
        await Expect(Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();

        await using var viewer = await site.OpenAsync();
        viewer.Expect("403");
        await viewer.SignInAsync(ConsoleSite.Viewer, "/console/tasks/hello");
        await _axe.CheckAsync(viewer.Page, "a viewer's task");
        await viewer.Page.GotoAsync("/console/cluster");
        await Expect(viewer.Page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Forbidden");
        await _axe.CheckAsync(viewer.Page, "a page that is not for a viewer");
        _axe.AssertNothingFound();
    }

    [BrowserFact]
    public async Task Everything_is_reached_with_the_keyboard_and_shows_that_it_is()
    {
        _visit!.Expect("404");
        await Page.GotoAsync("/console/sign-in");
        await WalkAsync();
        await _visit.SignInAsync(ConsoleSite.Admin);
        await WalkAsync();
        await Page.GotoAsync($"/console/tasks/{await ImportFormAsync()}");
        await UnfoldAsync();
        await WalkAsync();
        await _visit.RunAsync("hello", ("name", "you"));
        await Expect(Page.Locator("#job-state")).ToHaveTextAsync("success");

        // As it is then: what has followed the job to its end may still replace a part of itself.
        await Page.ReloadAsync();
        await Expect(Page.Locator("#log")).ToContainTextAsync("Greeting");
        await WalkAsync();
        await Page.GotoAsync("/console/jobs");
        await WalkAsync();
        await Page.GotoAsync("/console/cluster");
        await WalkAsync();
        await Page.GotoAsync("/console/nowhere");
        await WalkAsync();
        _axe.AssertNothingFound();
    }

    [BrowserFact]
    public async Task The_first_step_leads_past_the_navigation()
    {
        await _visit!.SignInAsync(ConsoleSite.User, "/console/tasks/hello?from=0123456789abcdef01234567");
        await Page.Keyboard.PressAsync("Tab");
        await Expect(Page.GetByText("To the content")).ToBeInViewportAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.GetByRole(AriaRole.Main)).ToBeFocusedAsync();
        Assert.Equal("/console/tasks/hello?from=0123456789abcdef01234567#main", new Uri(Page.Url).PathAndQuery + new Uri(Page.Url).Fragment);
        await Page.Keyboard.PressAsync("Tab");
        Assert.True(await Page.EvaluateAsync<bool>("document.querySelector('main').contains(document.activeElement)"));
    }

    /// <summary>A task with an argument of every kind.</summary>
    private Task<string> ImportFormAsync() => site.ImportAsync(
        "every kind of argument",
        "echo '[]'",
        new { order = 0, type = "input", label = "text", required = true, help = "What it is." },
        new { order = 1, type = "select", label = "choice", options = new[] { "a", "b" } },
        new { order = 2, type = "select", label = "choices", options = new[] { "a", "b" }, multiple = true },
        new { order = 3, type = "date", label = "day" },
        new { order = 4, type = "file", label = "file" },
        new { order = 5, type = "number", label = "number" },
        new { order = 6, type = "json", label = "json" },
        new { order = 7, type = "fixed", label = "fixed", value = "given" },
        new { order = 8, type = "input", label = "lines", multiple = true });

    /// <summary>Each colour of a terminal, alone and behind text.</summary>
    private async Task RunColoursAsync()
    {
        await _visit!.RunAsync(await site.ImportAsync("colours", """
            for n in 0 1 2 3 4 5 6 7; do
              printf "\033[3${n}mfront $n\033[0m \033[1;9${n}mbold $n\033[0m \033[4${n}mback $n\033[0m \033[7;3${n}minverse $n\033[0m \033[7;4${n}minverse $n\033[0m\n"
            done
            printf '\033[2mdim\033[0m \033[3;4mslanted\033[0m \033[7minverse\033[0m\n[]\n'
            """));
        await Expect(Page.Locator("#job-state")).ToHaveTextAsync("success");
        await Expect(Page.Locator("#log")).ToContainTextAsync("slanted");
    }

    private async Task UnfoldAsync() => await Page.EvaluateAsync("document.querySelectorAll('details').forEach(details => details.open = true)");

    private async Task OpenAsync(string path)
    {
        await Page.GotoAsync($"/console/{path}");
        await CheckAsync(path);
    }

    private Task CheckAsync(string what) => _axe.CheckAsync(Page, what);

    /// <summary>Goes through a page with the tabulator.</summary>
    private async Task WalkAsync()
    {
        var count = await Page.EvaluateAsync<int>("""
            () => {
              document.activeElement.blur()
              document.body.tabIndex = -1
              document.body.focus()
              document.body.removeAttribute('tabindex')
              window.stops = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
                .filter(element => !element.disabled && element.tabIndex >= 0 && element.type !== 'hidden' && element.checkVisibility())
              return window.stops.length
            }
            """);
        var reached = new HashSet<int>();
        for (var step = 0; reached.Count < count && step < (2 * count) + 20; step++)
        {
            await Page.Keyboard.PressAsync("Tab");
            var (stop, isShown) = await CurrentAsync();
            if (stop >= 0 && reached.Add(stop) && !isShown)
            {
                _axe.Add($"{Page.Url}: the focus is not seen on {await NameAsync(stop)}");
            }
        }

        foreach (var stop in Enumerable.Range(0, count).Except(reached))
        {
            _axe.Add($"{Page.Url}: the tabulator does not lead to {await NameAsync(stop)}");
        }

        Assert.NotEqual(0, count);

        Task<string> NameAsync(int stop) => Page.EvaluateAsync<string>("stop => window.stops[stop].outerHTML.slice(0, 200)", stop);

        async Task<(int Stop, bool IsShown)> CurrentAsync()
        {
            var found = await Page.EvaluateAsync<int[]>("""
                () => {
                  const style = getComputedStyle(document.activeElement)
                  return [window.stops.indexOf(document.activeElement), style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2 ? 1 : 0]
                }
                """);
            return (found[0], found[1] == 1);
        }
    }
}
