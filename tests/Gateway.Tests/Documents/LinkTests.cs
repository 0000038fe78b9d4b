using System.Text.RegularExpressions;

namespace SyncCluster.Gateway.Tests.Documents;

/// <summary>Where the documents send their readers.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> Documents => [.. Repository.Documents];

    [Theory, MemberData(nameof(Documents))]
    public void Every_link_leads_to_a_file_and_an_anchor(string path)
    {
        var document = Repository.Read(path);
        Assert.DoesNotContain(document.Links, link => !IsElsewhere().IsMatch(link) && !Leads(document, link));
    }

    [Theory, MemberData(nameof(Documents))]
    public void Every_path_of_the_repository_that_is_named_exists(string path) => Assert.DoesNotContain(
        Repository.Read(path).CodeSpans, code => RepositoryPath().IsMatch(code) && !Exists(Path.Combine(Repository.Root, code)));

    [Fact]
    public void The_README_links_to_every_document()
    {
        var linked = Repository.Read("README.md").Links.Select(link => link.Split('#')[0]).ToHashSet();
        Assert.Empty(Repository.Documents.Except(linked).Except(["README.md"]));
    }

    private static bool Leads(MarkdownDocument from, string link)
    {
        var parts = link.Split('#', 2);
        var target = parts[0].Length == 0
            ? from.Path
            : Path.GetRelativePath(Repository.Root, Path.Combine(Repository.Root, Path.GetDirectoryName(from.Path)!, parts[0]));
        return Exists(Path.Combine(Repository.Root, target))
            && (parts.Length == 1 || (target.EndsWith(".md", StringComparison.Ordinal) && Repository.Read(target).Anchors.Contains(parts[1])));
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    [GeneratedRegex("^[a-z]+:")]
    private static partial Regex IsElsewhere();

    [GeneratedRegex(@"^(src|tests|docs|bench|deploy|tasks)/[\w./-]*$")]
    private static partial Regex RepositoryPath();
}
