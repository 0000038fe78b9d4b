using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace SyncCluster.Bench;

/// <summary>A chart with lines.</summary>
/// <param name="Name">The file's name without its extension.</param>
/// <param name="Title">The chart's title.</param>
/// <param name="X">The title of the X axis.</param>
/// <param name="Y">The title of the Y axis.</param>
internal sealed record Plot(string Name, string Title, string X, string Y)
{
    private readonly List<LineSeries> _lines = [];

    /// <summary>Whether both axes are logarithmic.</summary>
    public bool IsLogarithmic { get; init; }

    public void Add(string line, IEnumerable<(double X, double Y)> points)
    {
        var series = new LineSeries { Title = line, MarkerType = MarkerType.Circle, MarkerSize = 3 };
        series.Points.AddRange(points.Select(point => new DataPoint(point.X, point.Y)));
        _lines.Add(series);
    }

    /// <summary>Writes <c>NAME.svg</c>.</summary>
    public async Task SaveAsync(string folder)
    {
        var model = new PlotModel { Title = Title, TitleFontSize = 14, Background = OxyColors.White };
        model.Axes.Add(Axis(AxisPosition.Bottom, X));
        model.Axes.Add(Axis(AxisPosition.Left, Y));
        model.Legends.Add(new Legend { LegendPosition = LegendPosition.TopLeft });
        foreach (var line in _lines)
        {
            model.Series.Add(line);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, $"{Name}.svg"), new SvgExporter { Width = 720, Height = 400 }.ExportToString(model) + "\n");
    }

    private Axis Axis(AxisPosition position, string title)
    {
        Axis axis = IsLogarithmic ? new LogarithmicAxis() : new LinearAxis { Minimum = 0 };
        (axis.Position, axis.Title, axis.MajorGridlineStyle) = (position, title, LineStyle.Dot);
        return axis;
    }
}
