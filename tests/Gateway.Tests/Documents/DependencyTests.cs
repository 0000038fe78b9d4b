using System.Xml.Linq;

namespace SyncCluster.Gateway.Tests.Documents;

/// <summary>The packages, and the reasons for them.</summary>
public sealed class DependencyTests
{
    [Fact]
    public void Every_package_has_its_reason_and_no_other_one()
    {
        var packages = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props"))
            .Descendants("PackageVersion").Select(package => package.Attribute("Include")!.Value);
        var named = Repository.Read("docs/dependencies.md").TableRows.Select(row => row[0])
            .Where(cell => cell != "package" && !cell.StartsWith('-')).SelectMany(cell => cell.Split(", "));
        Assert.Equal(packages.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }
}
