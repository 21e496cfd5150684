//! A plot of the round trips over time, as SVG.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use plotters::prelude::*;

use super::target::Target;
use crate::exit::{self, Failure};

/// The size of the picture in pixels.
const SIZE: (u32, u32) = (1000, 500);
/// The colors of Okabe and Ito (2008), which color-blind people can distinguish. Further servers
/// reuse them.
const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
];

/// The file of the plot. It is opened at the start, so that an error shows immediately and not
/// after the measurement.
#[derive(Debug)]
pub(super) struct Picture {
    path: PathBuf,
    file: File,
}

impl Picture {
    /// Opens the file. Its content stays until the plot is drawn.
    pub(super) fn create(path: &Path) -> Result<Picture, Failure> {
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| {
            Failure::new(exit::WRITE_ERROR, format!("create {}: {error}", path.display()))
        })?;
        Ok(Picture { path: path.to_owned(), file })
    }

    /// Draws the plot into the file.
    pub(super) fn draw(mut self, targets: &[Target]) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(exit::WRITE_ERROR, format!("draw {}: {error}", self.path.display()))
        };
        let mut svg = String::new();
        draw(&mut svg, targets).map_err(|error| failed(&error))?;
        // Devices have no length.
        if self.file.metadata().is_ok_and(|file| file.is_file()) {
            self.file.set_len(0).map_err(|error| failed(&error))?;
        }
        self.file.write_all(svg.as_bytes()).map_err(|error| failed(&error))
    }
}

/// Draws the plot into `svg`.
pub(super) fn draw(svg: &mut String, targets: &[Target]) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let all = || targets.iter().flat_map(|target| &target.series.answers);
    let end = targets.iter().map(|target| target.elapsed().as_secs_f64()).fold(0.1, f64::max);
    let top = all().map(|answer| answer.1).fold(0.001, f64::max) * 1.1;
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..end, 0.0..top)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(BLACK.mix(0.1))
        .x_desc("seconds")
        .y_desc("round trip in ms")
        .draw()?;
    for (target, color) in targets.iter().zip(COLORS.into_iter().cycle()) {
        let series = &target.series;
        chart
            .draw_series(series.answers.iter().map(|at| Circle::new(*at, 2, color.filled())))?
            .label(target.endpoint.as_str())
            .legend(move |(x, y)| Circle::new((x + 10, y), 4, color.filled()));
        // A mark from the axis up, over a twentieth of the height.
        let mark = |at: &f64| PathElement::new([(*at, 0.0), (*at, top / 20.0)], color);
        let marks = chart.draw_series(series.lost.iter().map(mark))?;
        if !series.lost.is_empty() {
            marks
                .label(format!("{}: lost", target.endpoint))
                .legend(move |(x, y)| PathElement::new([(x + 10, y - 5), (x + 10, y + 5)], color));
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}
