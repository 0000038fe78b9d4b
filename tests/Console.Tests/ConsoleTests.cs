using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>The console in a real browser.</summary>
[Collection(SharedSite.Name)]
public sealed partial class ConsoleTests(ConsoleSite site)
{
    [BrowserFact]
    public async Task Hello_is_run_with_two_clicks_after_the_sign_in()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await page.GetByRole(AriaRole.Link, new() { NameRegex = Hello() }).ClickAsync();
        await page.GetByLabel("name").FillAsync("it's \"me\"");
        await Expect(page.Locator("#curl")).ToContainTextAsync($"curl -X POST '{site.Address}acme/task/hello/job'");
        await Expect(page.Locator("#curl")).ToContainTextAsync("--data '[\"it'\\''s \\\"me\\\"\"]'");
        await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
        await Expect(page.Locator("#job-answer")).ToContainTextAsync("hello it's \\\"me\\\"");
        await Expect(page.Locator("#job-answer")).ToContainTextAsync("200 OK");
        await Expect(page.Locator("#log")).ToContainTextAsync("Greeting it's");
    }

    [BrowserFact]
    public async Task The_log_of_a_slow_job_comes_while_it_runs_and_the_page_knows_its_end()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        var (held, counted) = (site.NewPath(), site.NewPath());
        await visit.RunAsync(await site.ImportAsync("steps", $"""
            echo '25 %'
            until [ -e {held} ]; do sleep 0.05; done
            echo '50 %'
            echo '75 %'
            until [ -e {counted} ]; do sleep 0.05; done
            echo '100 %'
            echo '["done"]'
            """));
        await Expect(page.Locator("#log")).ToContainTextAsync("25 %");
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("running");
        await page.EvaluateAsync("window.isTheSamePage = true");

        await page.GetByRole(AriaRole.Button, new() { Name = "Hold" }).ClickAsync();
        await File.WriteAllTextAsync(held, "");
        await Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = Follow() })).ToContainTextAsync("new");

        // It is said together with that, and not at the end only.
        Assert.Contains("are held back, and not searched", await page.Locator("#log-note").TextContentAsync(), StringComparison.Ordinal);
        await File.WriteAllTextAsync(counted, "");
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
        await Expect(page.Locator("#log")).Not.ToContainTextAsync("100 %");
        await page.GetByRole(AriaRole.Button, new() { NameRegex = Follow() }).ClickAsync();
        await Expect(page.Locator("#log")).ToContainTextAsync("100 %");
        await Expect(page.Locator("#log-note")).ToHaveTextAsync("5 lines");
        await Expect(page.Locator("#job-answer")).ToContainTextAsync("\"done\"");
        Assert.True(await page.EvaluateAsync<bool>("window.isTheSamePage"));
    }

    [BrowserFact]
    public async Task A_job_is_canceled_and_run_again_with_the_same_and_with_other_arguments()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync("slow", ("seconds", "100"), ("what to answer", "never"));
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("running");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("canceled");

        var first = page.Url;
        await page.GetByRole(AriaRole.Button, new() { Name = "Run again" }).ClickAsync();
        await Expect(page).Not.ToHaveURLAsync(first);
        await visit.WaitForScriptsAsync();
        await Expect(page.Locator("#job-facts")).ToContainTextAsync("never");
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("running");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("canceled");

        await page.GetByRole(AriaRole.Link, new() { Name = "Change and run" }).ClickAsync();
        await Expect(page.GetByLabel("what to answer")).ToHaveValueAsync("never");
        await visit.WaitForScriptsAsync();
        await page.GetByLabel("seconds").FillAsync("0");

        // As with the keyboard alone.
        await page.GetByLabel("what to answer").PressAsync("Enter");
        await Expect(page.Locator("#job-answer")).ToContainTextAsync("\"never\"");
    }

    [BrowserFact]
    public async Task What_a_script_prints_is_text_in_its_colours_however_much_it_is()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync("loud");
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
        await Expect(page.Locator("#log-note")).ToHaveTextAsync("201,003 lines; the first 1,000 are not shown");
        Assert.Equal(
            ["1001", "1002"],
            (await page.Locator("#log .block").First.EvaluateAsync<string>("block => block.textContent.slice(0, 10)")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await Expect(page.Locator("#log .block").Last).ToContainTextAsync("<script>document.title=\"taken\"</script><img src=x onerror=alert(1)>");
        await Expect(page.Locator("#log .a-f-red.a-bold")).ToHaveTextAsync("red");
        Assert.Equal("rgb(0, 255, 0)", await page.GetByText("green", new() { Exact = true }).EvaluateAsync<string>("span => getComputedStyle(span).color"));
        await Expect(page.Locator("#log .block").Last).ToContainTextAsync("red and green, plain");
        await Expect(page.Locator("#job-answer")).ToContainTextAsync("<script>alert(1)</script>");
        Assert.Equal(0, await page.Locator("#log img, #log script").CountAsync());
        Assert.DoesNotContain("taken", await page.TitleAsync(), StringComparison.Ordinal);

        // An element for many lines, and the page still answers.
        Assert.InRange(await page.Locator("#log *").CountAsync(), 100, 1000);
        await page.GetByRole(AriaRole.Button, new() { Name = "Hold" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Follow" })).ToHaveAttributeAsync("aria-pressed", "true");
    }

    [BrowserFact]
    public async Task Every_other_sample_runs_from_its_form()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync("echo", ("first", "1"), ("second", "two"));
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
        await Expect(page.Locator("#job-answer .code")).ToContainTextAsync("\"two\"");
        await visit.RunAsync("fail");
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("failure");
        await Expect(page.Locator("#job-answer")).ToContainTextAsync("500 Internal Server Error");
        await visit.RunAsync("teapot", ("number", "150"));
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("failure");
        await page.GetByRole(AriaRole.Link, new() { Name = "?parse" }).ClickAsync();
        await Expect(page.Locator("#job-answer")).ToContainTextAsync("418");
    }

    [BrowserFact]
    public async Task A_jobs_address_shows_it_in_another_browser_to_another_user()
    {
        await using var visit = await site.OpenAsync();
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync("hello", ("name", "the other one"));
        await Expect(visit.Page.Locator("#job-state")).ToHaveTextAsync("success");

        await using var other = await site.OpenAsync();
        await other.SignInAsync(ConsoleSite.Viewer, visit.Page.Url);
        Assert.Equal(visit.Page.Url, other.Page.Url);
        await Expect(other.Page.Locator("#log")).ToContainTextAsync("Greeting the other one");
        await Expect(other.Page.Locator("#job-answer")).ToContainTextAsync("hello the other one");
        await Expect(other.Page.Locator("#job-facts")).ToContainTextAsync("by uma");
    }

    [BrowserFact]
    public async Task A_viewer_sees_jobs_and_has_nothing_to_run_them_with()
    {
        await using var visit = await site.OpenAsync();
        await visit.SignInAsync(ConsoleSite.User);
        await visit.RunAsync("hello", ("name", "you"));

        await using var viewer = await site.OpenAsync();
        var page = viewer.Page;
        await viewer.SignInAsync(ConsoleSite.Viewer, visit.Page.Url);
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
        Assert.Equal(0, await page.GetByRole(AriaRole.Button, new() { NameRegex = Again() }).CountAsync());
        Assert.Equal(0, await page.GetByText("Change and run").CountAsync());
        await page.GotoAsync("/console/tasks/hello");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true })).ToBeDisabledAsync();

        // Nor does a page's own proof let a viewer run.
        viewer.Expect("403");
        var job = new Uri(visit.Page.Url).Segments[^1];
        foreach (var path in (string[])["tasks/hello/job", $"jobs/{job}/again"])
        {
            Assert.Equal(403, await page.EvaluateAsync<int>(
                """
                async path => (await fetch(path, { method: 'POST', headers: { 'Form-Token': document.querySelector('meta[name=form-token]').content } })).status
                """,
                $"api/{path}"));
        }
    }

    [BrowserFact]
    public async Task Nothing_is_wider_than_a_phone()
    {
        await using var visit = await site.OpenAsync(new() { ViewportSize = new() { Width = 360, Height = 740 }, ColorScheme = ColorScheme.Dark });
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await AssertFitsAsync();
        await page.GetByRole(AriaRole.Searchbox).FillAsync("greets");
        await Expect(page.GetByRole(AriaRole.Link, new() { NameRegex = Hello() })).ToBeVisibleAsync();
        await Expect(page.GetByText("Fails, and says why.")).ToBeHiddenAsync();
        await page.GotoAsync("/console/tasks/slow");
        await AssertFitsAsync();
        await visit.RunAsync("fail");
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("failure");
        await AssertFitsAsync();

        // The failed job is found again.
        await page.GetByRole(AriaRole.Link, new() { Name = "Jobs", Exact = true }).ClickAsync();
        await page.GetByLabel("State").SelectOptionAsync("failed");
        await page.EvaluateAsync("document.body.dataset.old = 'true'");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await Expect(page.Locator("body:not([data-old])")).ToBeVisibleAsync();
        await AssertFitsAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "fail", Exact = true }).First.ClickAsync();
        await Expect(page.Locator("#log")).ToContainTextAsync("Looking for the file");

        async Task AssertFitsAsync() => Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
    }

    /// <summary>The pictures of the document: <c>SYNCCLUSTER_SCREENSHOTS=$PWD/docs/images dotnet test tests/Console.Tests</c>.</summary>
    [PicturesFact]
    public async Task The_pages_can_be_shown_in_pictures()
    {
        foreach (var (name, colours, width) in (IEnumerable<(string, ColorScheme, int)>)
            [("light", ColorScheme.Light, 1000), ("dark", ColorScheme.Dark, 1000), ("phone", ColorScheme.Light, 390)])
        {
            await using var visit = await site.OpenAsync(new() { ViewportSize = new() { Width = width, Height = 640 }, ColorScheme = colours });
            visit.Expect("404");
            var page = visit.Page;
            await page.GotoAsync("/console/");
            await ShootAsync("sign-in");
            await visit.SignInAsync(ConsoleSite.User);
            await ShootAsync("tasks");
            await page.GotoAsync("/console/tasks/slow");
            await page.GetByLabel("seconds").FillAsync("4");
            await page.GetByLabel("what to answer").FillAsync("done");
            await ShootAsync("task");
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Expect(page.Locator("#log")).ToContainTextAsync("50 %");
            await ShootAsync("job-running");
            await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");
            await ShootAsync("job");
            await visit.RunAsync("fail");
            await Expect(page.Locator("#job-state")).ToHaveTextAsync("failure");
            await Expect(page.Locator("#log")).ToContainTextAsync("Looking for the file");
            await ShootAsync("job-failed");

            await page.GotoAsync("/console/jobs");
            await ShootAsync("jobs");
            if (name == "light")
            {
                await page.GotoAsync("/console/jobs/0123456789abcdef01234567");
                await ShootAsync("problem");
            }

            await using var administrator = await site.OpenAsync(new() { ViewportSize = new() { Width = width, Height = 640 }, ColorScheme = colours });
            page = administrator.Page;
            await administrator.SignInAsync(ConsoleSite.Admin);
            await administrator.RunAsync("slow", ("seconds", "1000"));
            await page.GotoAsync("/console/jobs?chosen=all&task=slow");
            await page.GetByRole(AriaRole.Button, new() { NameRegex = Cancel() }).ClickAsync();
            await ShootAsync("chosen");
            await page.GotoAsync("/console/tasks/fail");
            await page.EvaluateAsync("document.querySelectorAll('details').forEach(details => details.open = true)");
            await ShootAsync("change");
            await page.GetByRole(AriaRole.Button, new() { Name = "Make a new secret" }).ClickAsync();
            await Expect(page.Locator("#secret")).ToBeVisibleAsync();
            await ShootAsync("secret");

            Task ShootAsync(string what) => Visit.ShootAsync(page, $"{what}-{name}");
        }
    }

    [GeneratedRegex("^hello")]
    private static partial Regex Hello();

    [GeneratedRegex("again$")]
    private static partial Regex Again();

    [GeneratedRegex("^Cancel ")]
    private static partial Regex Cancel();

    [GeneratedRegex("^Follow")]
    private static partial Regex Follow();
}
