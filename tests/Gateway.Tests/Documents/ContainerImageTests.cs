namespace SyncCluster.Gateway.Tests.Documents;

/// <summary>What <c>Dockerfile</c> repeats of the repository.</summary>
public sealed class ContainerImageTests
{
    [Fact]
    public void The_images_are_built_from_all_projects()
    {
        var image = File.ReadAllLines(Path.Combine(Repository.Root, "Dockerfile"));
        var projects = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path))
            .Select(path => $"COPY {path} {Path.GetDirectoryName(path)}/");

        Assert.Equal(projects.Order(), image.Where(line => line.EndsWith('/') && line.Contains(".csproj", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public void What_the_images_are_built_from_is_not_ignored()
    {
        var folders = File.ReadAllLines(Path.Combine(Repository.Root, ".dockerignore"));
        var copied = File.ReadAllLines(Path.Combine(Repository.Root, "Dockerfile"))
            .Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ')[1..^1])
            .Where(path => !path.StartsWith("--", StringComparison.Ordinal));

        Assert.All(copied, path => Assert.Contains(
            folders, folder => folder.StartsWith('!') && path.StartsWith(folder[1..].TrimEnd('*'), StringComparison.Ordinal)));
        Assert.Equal("*", folders.First(line => !line.StartsWith('#')));
    }
}
