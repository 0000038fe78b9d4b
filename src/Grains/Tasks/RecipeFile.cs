using System.Security.Cryptography;
using System.Text.Json;

namespace SyncCluster.Tasks;

/// <summary>The script in a recipe.</summary>
internal sealed record RecipeFile(string Filename, string Mimetype, byte[] Content)
{
    public const int Limit = 4 << 20;

    /// <exception cref="RecipeException">It can't be used.</exception>
    public static RecipeFile Read(JsonElement recipe)
    {
        if (!recipe.TryGetProperty("file", out var file) || file.ValueKind != JsonValueKind.Object)
        {
            throw RecipeException.Unusable("A script task needs a `file` with `filename` and `data` (base64).");
        }

        var content = Decode(file);
        var md5 = RecipeMembers.Text(file, "md5");

        // TheEye's own checksum, against damage and not against forgery.
#pragma warning disable CA5351
        if (md5 is { Length: > 0 } && !md5.Equals(Convert.ToHexStringLower(MD5.HashData(content)), StringComparison.OrdinalIgnoreCase))
#pragma warning restore CA5351
        {
            throw RecipeException.Unusable("The recipe is damaged: file.data does not have the checksum of file.md5. Export it again.");
        }

        return new(Name(file), RecipeMembers.Text(file, "mimetype") ?? "", content);
    }

    private static string Name(JsonElement file)
    {
        var name = RecipeMembers.Text(file, "filename");
        return name is { Length: > 0 and <= 128 } and not ("." or "..") && !name.StartsWith('-') && !name.Any(letter => letter is '/' or '\\' || char.IsControl(letter))
            ? name
            : throw RecipeException.Unusable("file.filename must be a plain file name of at most 128 characters, without a path.");
    }

    private static byte[] Decode(JsonElement file)
    {
        if (RecipeMembers.Text(file, "data") is not { } data)
        {
            throw RecipeException.Unusable("file.data is missing: the script's bytes in base64.");
        }

        var content = new byte[(data.Length / 4 * 3) + 3];
        if (!Convert.TryFromBase64String(data, content, out var length))
        {
            throw RecipeException.Unusable("file.data must be base64.");
        }

        return length <= Limit ? content[..length] : throw RecipeException.Unusable($"The script has {length} bytes; {Limit} are allowed.");
    }
}
