using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using SyncCluster.Gateway.WebConsole;

namespace SyncCluster.Gateway.Tests.WebConsole;

/// <summary>A browser without a screen: it keeps cookies as their paths say, and follows no redirect.</summary>
internal sealed partial class Browser(Uri address) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromMinutes(2),
    };

    /// <summary>The proof that the last page had.</summary>
    public string? FormToken { get; set; }

    /// <summary>What a proxy adds to each request.</summary>
    public (string Name, string Value)[] Proxied { get; init; } = [];

    public void Dispose() => _http.Dispose();

    /// <summary>Opens a page.</summary>
    public async Task<Page> OpenAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/html");
        return await SendAsync(request, headers);
    }

    /// <summary>Sends a form of the last page.</summary>
    public async Task<Page> SubmitAsync(string path, params (string Name, string Value)[] fields)
    {
        IEnumerable<(string Name, string Value)> proof = FormToken is null ? [] : [(FormTokens.Field, FormToken)];
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(fields.Concat(proof).Select(field => KeyValuePair.Create(field.Name, field.Value))),
        };
        return await SendAsync(request, []);
    }

    /// <summary>Sends a form of the last page with a file.</summary>
    public async Task<Page> UploadAsync(string path, string field, byte[] content, params (string Name, string Value)[] fields)
    {
        using var form = new MultipartFormDataContent();
        IEnumerable<(string Name, string Value)> proof = FormToken is null ? [] : [(FormTokens.Field, FormToken)];
        foreach (var (name, value) in proof.Concat(fields))
        {
            form.Add(new StringContent(value), name);
        }

        form.Add(new ByteArrayContent(content), field, "recipe.json");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = form };
        return await SendAsync(request, []);
    }

    /// <summary>Sends what the last page's script would.</summary>
    public async Task<Page> PostAsync(string path, string? json = null, bool hasProof = true)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json") };
        (string, string)[] proof = hasProof ? [(FormTokens.Header, FormToken!)] : [];
        return await SendAsync(request, [("Prefer", "respond-async"), .. proof]);
    }

    /// <summary>Signs in with a token.</summary>
    public async Task<Page> SignInAsync(string token, string path = "")
    {
        await OpenAsync("/console/sign-in");
        return await SubmitAsync("/console/sign-in", ("token", token), ("return", path));
    }

    private async Task<Page> SendAsync(HttpRequestMessage request, (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers.Concat(Proxied))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(request);
        var page = new Page(
            response.StatusCode,
            await response.Content.ReadAsStringAsync(),
            response.Headers.Location?.OriginalString,
            response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join('\n', header.Value), StringComparer.OrdinalIgnoreCase));
        FormToken = MetaOfPage().Match(page.Html) is { Success: true } match ? match.Groups[1].Value : FormToken;
        return page;
    }

    [GeneratedRegex("name=\"form-token\" content=\"([^\"]+)\"")]
    private static partial Regex MetaOfPage();
}

/// <param name="Status">The answer's status.</param>
/// <param name="Html">Its body.</param>
/// <param name="Location">Where it leads to; null for nowhere.</param>
/// <param name="Headers">Its headers.</param>
internal sealed record Page(HttpStatusCode Status, string Html, string? Location, IReadOnlyDictionary<string, string> Headers)
{
    public string Job => Headers["Job-Id"];
}
