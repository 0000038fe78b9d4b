using System.Security.Cryptography;
using System.Text.Json;
using SyncCluster.Json;

namespace SyncCluster.Tasks.Recipes;

/// <summary>The script of a recipe.</summary>
/// <param name="Filename">Its name, without a path.</param>
/// <param name="Mimetype">Its media type from the recipe, or null.</param>
/// <param name="Script">Its bytes.</param>
internal sealed record RecipeFile(string Filename, string? Mimetype, byte[] Script)
{
    /// <summary>The size limit of a script.</summary>
    public const int MaxBytes = 4 << 20;

    private static readonly RecipeFile Missing = new("", null, []);

    /// <summary>SHA-256, lowercase hex.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Script));

    public static RecipeFile Read(JsonElement recipe, RecipeErrors errors)
    {
        if (!JsonText.TryGetMember(recipe, "file", out var json) || json.ValueKind != JsonValueKind.Object)
        {
            errors.Add("A script task needs its script: add file with filename and data, which is the script in base64.");
            return Missing;
        }

        var file = new RecipeFields(json, "file", errors);
        var filename = file.Text("filename", 128) ?? "";
        if (!IsPlain(filename))
        {
            file.AddError("filename", "must be a plain name: no path, no control character, no - at the start");
        }

        var script = Decode(file);
        if (file.Text("md5") is { Length: > 0 } md5 && !md5.Equals(Md5(script), StringComparison.OrdinalIgnoreCase))
        {
            errors.Add("The script is damaged: file.md5 is not the MD5 of file.data. Export the task again, or leave md5 out.");
        }

        return new RecipeFile(filename, file.Text("mimetype", 128), script);
    }

    /// <summary>The checksum in TheEye's recipes.</summary>
#pragma warning disable CA5351 // TheEye's checksum against damage. It is not meant for security.
    public static string Md5(byte[] script) => Convert.ToHexStringLower(MD5.HashData(script));
#pragma warning restore CA5351

    private static byte[] Decode(RecipeFields file)
    {
        var data = file.Text("data");
        if (data is null or "")
        {
            file.AddError("data", "must be the script in base64");
            return [];
        }

        var bytes = new byte[(data.Length / 4 * 3) + 3];
        if (!Convert.TryFromBase64String(data, bytes, out var length) || length == 0)
        {
            file.AddError("data", "is not base64");
            return [];
        }

        if (length > MaxBytes)
        {
            file.AddError("data", $"is {length} bytes and the limit is {MaxBytes}: make the script load its data from elsewhere");
        }

        return bytes[..length];
    }

    private static bool IsPlain(string name) =>
        name is not ("" or "." or "..") && name[0] != '-' && !name.Any(letter => letter is '/' or '\\' || char.IsControl(letter));
}
