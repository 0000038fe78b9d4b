using System.Security.Cryptography;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>The script of a recipe.</summary>
/// <param name="Filename">A plain name without a path.</param>
/// <param name="Mimetype">Its media type as the recipe gave it, or null.</param>
/// <param name="Script">Its bytes.</param>
internal sealed record RecipeFile(string Filename, string? Mimetype, byte[] Script)
{
    /// <summary>How many bytes a script may have.</summary>
    public const int MaxBytes = 4 << 20;

    private static readonly RecipeFile Unreadable = new("", null, []);

    /// <summary>SHA-256, lowercase hex.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Script));

    public static RecipeFile Read(JsonElement recipe, Complaints complaints)
    {
        if (!JsonText.TryGetMember(recipe, "file", out var json) || json.ValueKind != JsonValueKind.Object)
        {
            complaints.Add("A script task needs its script: add file with filename and data, which is the script in base64.");
            return Unreadable;
        }

        var file = new RecipeFields(json, "file", complaints);
        var filename = file.Text("filename", 128) ?? "";
        if (!IsPlain(filename))
        {
            file.Complain("filename", "must be a plain name: no path, no control character, no - at its beginning");
        }

        var script = Decode(file);
        if (file.Text("md5") is { Length: > 0 } md5 && !md5.Equals(Md5(script), StringComparison.OrdinalIgnoreCase))
        {
            complaints.Add("The script is damaged: file.md5 is not the MD5 of file.data. Export the task again, or leave md5 out.");
        }

        return new RecipeFile(filename, file.Text("mimetype", 128), script);
    }

    /// <summary>The checksum that TheEye's recipes carry.</summary>
#pragma warning disable CA5351 // A checksum against damage, as TheEye defines it. It protects from nobody.
    public static string Md5(byte[] script) => Convert.ToHexStringLower(MD5.HashData(script));
#pragma warning restore CA5351

    private static byte[] Decode(RecipeFields file)
    {
        var data = file.Text("data");
        if (data is null or "")
        {
            file.Complain("data", "must be the script in base64");
            return [];
        }

        var bytes = new byte[(data.Length / 4 * 3) + 3];
        if (!Convert.TryFromBase64String(data, bytes, out var length) || length == 0)
        {
            file.Complain("data", "is not base64");
            return [];
        }

        if (length > MaxBytes)
        {
            file.Complain("data", $"is {length} bytes and the limit is {MaxBytes}: let the script load what makes it so long");
        }

        return bytes[..length];
    }

    private static bool IsPlain(string name) =>
        name is not ("" or "." or "..") && name[0] != '-' && !name.Any(letter => letter is '/' or '\\' || char.IsControl(letter));
}
