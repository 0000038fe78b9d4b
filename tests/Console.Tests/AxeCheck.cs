using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace SyncCluster.WebConsole.Tests;

/// <summary>What axe finds in pages, in light and dark, on a desk and on a phone.</summary>
internal sealed class AxeCheck
{
    private const int Desktop = 1100;
    private const int Phone = 360;

    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    private readonly List<string> _findings = [];

    /// <summary>Checks a page as it is shown now.</summary>
    /// <param name="page">The page.</param>
    /// <param name="what">What it is, for whoever reads the findings.</param>
    public async Task CheckAsync(IPage page, string what)
    {
        // It goes in past the page's policy, as what a debugger evaluates does.
        await page.EvaluateAsync(Axe);
        await RunAsync(ColorScheme.Light, Desktop, "{}");
        await RunAsync(ColorScheme.Dark, Phone, "{}");

        // What the others could find besides.
        await RunAsync(ColorScheme.Light, Phone, "{ runOnly: ['color-contrast', 'target-size', 'scrollable-region-focusable'] }");
        await RunAsync(ColorScheme.Dark, Desktop, "{ runOnly: ['color-contrast'] }");

        async Task RunAsync(ColorScheme colours, int width, string options)
        {
            await page.EmulateMediaAsync(new() { ColorScheme = colours });
            await page.SetViewportSizeAsync(width, 700);
            var found = await page.EvaluateAsync<string[]>($$"""
                async () => (await axe.run(document, { resultTypes: ['violations'], ...{{options}} })).violations
                  .flatMap(rule => rule.nodes.map(node => `${rule.impact} ${rule.id} ${node.target}: ${node.failureSummary}`))
                """);
            _findings.AddRange(found.Select(finding => $"{what}, {colours}, {width} px wide: {finding}"));
        }
    }

    /// <summary>Adds what axe can't find.</summary>
    public void Add(string finding) => _findings.Add(finding);

    public void AssertNothingFound() => Assert.True(_findings.Count == 0, string.Join('\n', _findings));
}
