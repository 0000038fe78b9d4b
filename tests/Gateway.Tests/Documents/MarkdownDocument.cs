using System.Text.RegularExpressions;

namespace SyncCluster.Gateway.Tests.Documents;

/// <summary>A Markdown file: its code blocks, links, headings and tables, as far as these tests need them.</summary>
/// <param name="path">Relative to the repository's root.</param>
/// <param name="text">Its content.</param>
internal sealed partial class MarkdownDocument(string path, string text)
{
    public string Path => path;

    /// <summary>The fenced code blocks in their order.</summary>
    public IReadOnlyList<CodeBlock> CodeBlocks { get; } =
    [
        .. Fenced().Matches(text).Select(match => new CodeBlock(
            match.Groups["language"].Value,
            match.Groups["content"].Value,
            text[..match.Index].Count(letter => letter == '\n') + 1,
            match.Index,
            match.Index + match.Length)),
    ];

    /// <summary>The targets of links and images.</summary>
    public IEnumerable<string> Links => Link().Matches(Prose).Select(match => match.Groups["target"].Value);

    /// <summary>What the document writes as code in a sentence.</summary>
    public IEnumerable<string> CodeSpans => CodeSpan().Matches(WithoutBlocks).Select(match => match.Groups["code"].Value);

    /// <summary>The anchors of its headings, as GitHub makes them.</summary>
    public IReadOnlySet<string> Anchors => Heading().Matches(WithoutBlocks)
        .Select(match => NotOfAnchors().Replace(match.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))
        .ToHashSet();

    /// <summary>The rows of all tables, each with the text of its cells.</summary>
    public IEnumerable<string[]> TableRows => WithoutBlocks.Split('\n')
        .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
        .Select(line => line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries));

    /// <summary>Each bash block that is followed by the answer to it, with nothing between them.</summary>
    public IEnumerable<ShownCommand> Commands =>
        from pair in CodeBlocks.Zip(CodeBlocks.Skip(1).Append(null))
        where pair.First.Language == "bash"
        let next = pair.Second
        let isAnswered = next is { Language: "" or "json" } && string.IsNullOrWhiteSpace(text[pair.First.End..next.Start])
        select new ShownCommand(path, pair.First.Line, pair.First.Content, isAnswered ? next : null);

    private string WithoutBlocks => Fenced().Replace(text, "");

    private string Prose => CodeSpan().Replace(WithoutBlocks, "");

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<content>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fenced();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`(?<code>[^`\n]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotOfAnchors();
}

/// <param name="Language">What stands behind the opening fence; may be empty.</param>
/// <param name="Content">What is between the fences.</param>
/// <param name="Line">Of the opening fence, from 1.</param>
/// <param name="Start">Where the block begins in the document.</param>
/// <param name="End">Where it ends.</param>
internal sealed record CodeBlock(string Language, string Content, int Line, int Start, int End);

/// <param name="Document">The document that shows it.</param>
/// <param name="Line">Where.</param>
/// <param name="Text">What to paste into a shell.</param>
/// <param name="Answer">What it prints; null if the document does not say.</param>
internal sealed record ShownCommand(string Document, int Line, string Text, CodeBlock? Answer);
