using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;

namespace SyncCluster.WebConsole;

/// <summary>The script, the style and the icon of the pages. Their addresses have a version, so that browsers may keep them.</summary>
public static class ConsoleAssets
{
    private const string Prefix = "assets/";

    private static readonly FrozenDictionary<string, ConsoleAsset> All = Read();

    /// <summary>Of all of them: a script imports others by addresses relative to its own.</summary>
    public static string Version { get; } = VersionOf(All);

    /// <summary>The one of a file name; null if there is none.</summary>
    public static ConsoleAsset? Find(string name) => All.GetValueOrDefault(name);

    /// <summary>Its address, relative to the console's.</summary>
    public static string PathOf(string name) => $"{Prefix}{Version}/{name}";

    private static FrozenDictionary<string, ConsoleAsset> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToFrozenDictionary(name => name[Prefix.Length..], name => new ConsoleAsset(ContentOf(assembly, name), TypeOf(name)), StringComparer.Ordinal);
    }

    private static byte[] ContentOf(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"{other} is the extension of no asset."),
    };

    private static string VersionOf(FrozenDictionary<string, ConsoleAsset> assets)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, asset) in assets.OrderBy(asset => asset.Key, StringComparer.Ordinal))
        {
            hash.AppendData(asset.Content.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}

/// <param name="Content">Its bytes.</param>
/// <param name="ContentType">Its media type.</param>
public sealed record ConsoleAsset(ReadOnlyMemory<byte> Content, string ContentType);
